import { visibleLines, type Tokenizer } from '@skipwise/core'
import { generateText } from '@skipwise/inference'
import { loadChatTemplate } from '@skipwise/tokenizers'
import { usageError } from '../errors.js'
import { openModel } from '../open-model.js'
import { findExecutor } from '../parts.js'
import { endIds } from '../end-ids.js'
import type { Terminal } from '../terminal.js'

/** Options of `skipwise generate`. */
export interface GenerateCommandOptions {
  readonly maxNewTokens: number
  readonly temperature: number
  readonly topK?: number
  readonly topP?: number
  readonly repetitionPenalty?: number
  readonly stop: readonly string[]
  readonly chat: boolean
  readonly system?: string
  readonly seed: number
  readonly executor: string
}

/** `skipwise generate MODEL PROMPT`: streams the continuation, or with `--chat` the answer. */
export async function generate(
  name: string,
  prompt: string,
  options: GenerateCommandOptions,
  terminal: Terminal
): Promise<number> {
  const { maxNewTokens, temperature, topK, topP, repetitionPenalty, stop, seed, chat, system } = options
  if (system !== undefined && !chat)
    throw usageError('CLI_USAGE', '--system is given without --chat', 'add --chat, or put the text into the prompt')
  const { progress, signal } = terminal
  const executor = await findExecutor(options.executor)
  const model = await openModel(name, { executor, progress, signal })
  try {
    const template = chat ? await loadChatTemplate(model.folder) : undefined
    const messages = [
      ...(system === undefined ? [] : [{ role: 'system', content: system }]),
      { role: 'user', content: prompt }
    ]
    // a template spells BOS itself
    const ids = template ? model.tokenizer.encode(await template.render(messages)) : withBos(prompt, model.tokenizer)
    const started = performance.now()
    let text = ''
    let newTokens = 0
    for await (const piece of generateText(model, ids, {
      maxNewTokens,
      temperature,
      seed,
      signal,
      stopStrings: stop,
      stopIds: await endIds(model.folder, model.tokenizer),
      topK,
      topP,
      repetitionPenalty
    })) {
      newTokens = piece.tokens
      text += piece.text
      // A model may have learned to write escape sequences; --json gives the text to the character.
      if (!terminal.json) process.stdout.write(visibleLines(piece.text))
    }
    if (terminal.json)
      terminal.result({
        model: name,
        prompt,
        text,
        promptTokens: ids.length,
        newTokens,
        seconds: (performance.now() - started) / 1000
      })
    else process.stdout.write('\n')
  } finally {
    await model.dispose()
  }
  return 0
}

const withBos = (prompt: string, { addBos, bosId, encode }: Tokenizer): Int32Array =>
  Int32Array.from([...(addBos && bosId !== undefined ? [bosId] : []), ...encode(prompt)])
