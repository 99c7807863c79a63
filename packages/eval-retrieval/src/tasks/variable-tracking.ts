import { noiseText, sentencesOf, withNeedles } from './haystack.js'
import type { QuestionSetting, RetrievalTask } from './task.js'
import { distinct, variableName } from './words.js'

/** Assignments after the first. */
const HOPS = 4

/**
 * RULER's variable tracking: a value goes from variable to variable, in order, through noise; all five are asked for. A
 * solved example of the same kind stands first. The wording is ours. A unit of haystack is a noise sentence.
 */
export const variableTracking: RetrievalTask = {
  name: 'variable-tracking',
  summary: 'the variables that a value goes through',
  maxNewTokens: 30,
  smallest: 0,
  step: 8,
  question(setting) {
    const example = chain(8, setting, 'example')
    const asked = chain(setting.size, setting, 'chain')
    return {
      prompt: `${example.prompt} ${example.answers.join(' ')}\n\n${asked.prompt}`,
      answers: asked.answers,
      depth: asked.depth
    }
  }
}

function chain(size: number, { random, depth }: QuestionSetting, part: string) {
  const names = distinct(HOPS + 1, random(`${part} names`), variableName)
  const value = random(`${part} value`).integer(10000, 99998)
  const places = random(`${part} places`)
  const assignments = names.map((name, i) => `VAR ${name} = ${i === 0 ? value : `VAR ${names[i - 1]}`}`)
  // Assignments keep their order: the first at its stratum, the others after it.
  const rest = Array.from({ length: HOPS }, () => depth + (1 - depth) * places.uniform()).sort((a, b) => a - b)
  const { lines, before } = withNeedles(sentencesOf(noiseText, size), assignments, [depth, ...rest])
  return {
    prompt:
      `Assignments of variables are hidden in the following text. Follow the value from one variable to the next.\n${lines.join('\n')}\n` +
      `Question: which ${names.length} variables have the value ${value}? Answer: the variables that have the value ${value} are`,
    answers: names,
    depth: size === 0 ? 0 : before[0] / size
  }
}
