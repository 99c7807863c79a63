import { SkipwiseError, type GenerateOptions, type LanguageModel } from '@skipwise/core'
import { Detokenizer } from './detokenizer.js'
import { StopStrings } from './stop-strings.js'

/** How {@link generateText} goes on. */
export interface GenerateTextOptions extends GenerateOptions {
  /** Texts that end the generation; neither they nor what stands behind them is returned. */
  readonly stopStrings?: readonly string[]
}

/** A piece of generated text. */
export interface TextPiece {
  /** What is new, never empty but in the last piece. */
  readonly text: string
  /** Tokens generated so far. */
  readonly tokens: number
}

/**
 * Continues the token ids [n] and yields the text as soon as it is settled: characters whole, and nothing that may be
 * the beginning of a stop string.
 *
 * @throws SkipwiseError what `model.generate` throws; `INFERENCE_OPTIONS` for an empty stop string
 */
export async function* generateText(
  model: LanguageModel,
  ids: Int32Array,
  { stopStrings = [], ...options }: GenerateTextOptions
): AsyncGenerator<TextPiece, void> {
  if (stopStrings.includes(''))
    throw new SkipwiseError('INFERENCE_OPTIONS', { problem: 'a stop string is empty', fix: 'leave it out' })
  const detokenizer = new Detokenizer(model.tokenizer, ids)
  const stops = new StopStrings(stopStrings)
  let tokens = 0
  for await (const id of model.generate(ids, options)) {
    tokens++
    const text = stops.push(detokenizer.push(id))
    if (text) yield { text, tokens }
    if (stops.stopped) break
  }
  yield { text: stops.push(detokenizer.end()) + stops.end(), tokens }
}
