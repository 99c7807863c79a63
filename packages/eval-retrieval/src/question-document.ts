import { SkipwiseError, randomStream, type Tokenizer, withoutUndefined } from '@skipwise/core'
import { countTokens, largestThatFits } from './prompts.js'
import type { HaystackText } from './tasks/haystack.js'
import type { Question, RetrievalTask } from './tasks/task.js'

/** Which question, and how long it may be. */
export interface QuestionOptions {
  /** Most tokens of BOS, prompt and answer together. */
  readonly length: number
  readonly seed: number
  readonly trial: number
  /** Where the answer stands, in [0, 1). */
  readonly depth: number
  readonly text: HaystackText
  /** Tokens left for the answer. */
  readonly maxNewTokens: number
}

/** A question of a real token length. */
export interface QuestionDocument extends Question {
  /** Tokens of BOS and prompt. */
  readonly tokens: number
}

/** A task's questions of a trial, by their size. */
function questionsOf(
  task: RetrievalTask,
  tokenizer: Tokenizer,
  { length, seed, trial, depth, text, maxNewTokens }: QuestionOptions
) {
  const random = (part: string) => randomStream({ seed, stream: `${task.name} ${part}`, epoch: length, index: trial })
  return (size: number) => {
    const question = task.question({ size, length, depth, text, random })
    const tokens = countTokens(tokenizer, question.prompt)
    return { ...question, tokens, need: tokens + maxNewTokens }
  }
}

/** The shortest question of a task. @throws SkipwiseError `RETRIEVAL_LENGTH` where it is too long */
export function shortestQuestion(task: RetrievalTask, tokenizer: Tokenizer, options: QuestionOptions) {
  const { length, maxNewTokens } = options
  const size = task.smallest
  const made = questionsOf(task, tokenizer, options)(size)
  if (made.need <= length) return { size, made }
  throw new SkipwiseError('RETRIEVAL_LENGTH', {
    problem: `the shortest question of ${task.name} takes ${made.tokens} tokens with this tokenizer, and ${maxNewTokens} for the answer, more than ${length}`,
    fix: 'use longer lengths, other tasks or a smaller maxNewTokens'
  })
}

/**
 * The longest question of a task that leaves room for its answer: a pure function of seed, length, trial and depth.
 *
 * @throws SkipwiseError `RETRIEVAL_LENGTH` where even the shortest is too long
 */
export function questionDocument(
  task: RetrievalTask,
  tokenizer: Tokenizer,
  options: QuestionOptions
): QuestionDocument {
  const shortest = shortestQuestion(task, tokenizer, options)
  const { prompt, answers, tokens, depth } = largestThatFits(
    questionsOf(task, tokenizer, options),
    options.length,
    shortest,
    task.step
  )
  return withoutUndefined({ prompt, answers, tokens, depth })
}
