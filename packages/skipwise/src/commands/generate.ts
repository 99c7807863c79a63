import { readFolderJson, readModelConfig } from '@skipwise/checkpoints'
import { visibleLines, type Tokenizer } from '@skipwise/core'
import { z } from 'zod'
import type { WeightType } from '@skipwise/experiment'
import { generateText } from '@skipwise/inference'
import { loadChatTemplate } from '@skipwise/tokenizers'
import { usageError } from '../errors.js'
import { openModel } from '../open-model.js'
import { findExecutor } from '../parts.js'
import type { Terminal } from '../terminal.js'

const id = z.int().min(0)
const endKeys = z.looseObject({ eos_token_id: z.union([id, z.array(id)]).nullish() })

/**
 * Ids that end a text: those of `generation_config.json`, or else of `config.json`, which may be several, as
 * transformers takes them, and the tokenizer's own. A file that is not there, or whose ids are none, says nothing.
 *
 * @throws SkipwiseError `MODEL_CONFIG_INVALID`, `FILE_REFUSED`
 */
export async function endIds(folder: string, { eosId }: Pick<Tokenizer, 'eosId'>): Promise<number[]> {
  const own = eosId === undefined ? [] : [eosId]
  const generation = idsIn(await readFolderJson(folder, 'generation_config.json', 'MODEL_CONFIG_INVALID'))
  return [...new Set([...own, ...(generation ?? idsIn(await readModelConfig(folder)) ?? [])])]
}

function idsIn(file: Readonly<Record<string, unknown>> | undefined): readonly number[] | undefined {
  const ids = endKeys.safeParse(file ?? {}).data?.eos_token_id
  return typeof ids === 'number' ? [ids] : (ids ?? undefined)
}

/** Options of `skipwise generate`. */
interface GenerateCommandOptions {
  readonly maxNewTokens: number
  readonly temperature: number
  readonly topK?: number | undefined
  readonly topP?: number | undefined
  readonly repetitionPenalty?: number | undefined
  readonly stop: readonly string[]
  readonly chat: boolean
  readonly system?: string | undefined
  readonly seed: number
  readonly executor: string
  readonly weights?: WeightType | undefined
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
  const model = await openModel(name, { executor, weights: options.weights, progress, signal })
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
