import { randomStream, type Tokenizer } from '@skipwise/core'
import { generatedDigits } from './answer.js'
import type { PasskeyConfig } from './config.js'
import { passkeyFormats } from './formats/index.js'
import type { PasskeyFormat } from './formats/format.js'
import { passkeyDocument } from './passkey-document.js'
import { countTokens } from './prompt-ids.js'

/** A prompt with a pass key, and how its answer is read. */
export interface PasskeyQuestion {
  readonly prompt: string
  readonly key: string
  /** Real length of BOS and prompt, and of the answer where its length is known. */
  readonly tokens: number
  /** Share of the noise before the key. */
  readonly depth: number
  /** Tokens before the sentence with the key. */
  readonly keyPosition: number
  readonly maxNewTokens: number
  /** Reads what is generated: the answer, and whether it is the key. */
  read(tokens: AsyncIterable<number>): Promise<{ readonly answer: string; readonly correct: boolean }>
}

/** Makes the questions of a length: each a pure function of seed, length and trial. */
export function passkeyQuestions(
  config: PasskeyConfig,
  tokenizer: Tokenizer,
  seed: number,
  length: number
): (trial: number) => PasskeyQuestion {
  const format = passkeyFormats.find(({ name }) => name === config.format)
  if (!format) return trial => ownQuestion(config, tokenizer, seed, length, trial)
  const size = format.noiseSize(length, tokenizer)
  return trial => peerQuestion(format, size, tokenizer, seed, length, trial)
}

const streamOf = (seed: number, length: number, trial: number) =>
  randomStream({ seed, stream: 'passkey', epoch: length, index: trial })

function ownQuestion(
  { digits = 5, noise, maxNewTokens, trials }: PasskeyConfig,
  tokenizer: Tokenizer,
  seed: number,
  length: number,
  trial: number
): PasskeyQuestion {
  const random = streamOf(seed, length, trial)
  const key = String(random.integer(10 ** (digits - 1), 10 ** digits - 1))
  const depth = (trial + random.uniform()) / trials
  const { answerTokens, ...document } = passkeyDocument(tokenizer, {
    length,
    depth,
    key,
    ...(noise !== undefined && { noise }),
    reserve: maxNewTokens ?? 0
  })
  return {
    ...document,
    key,
    maxNewTokens: maxNewTokens ?? answerTokens,
    read: async tokens => {
      const answer = await generatedDigits(tokens, tokenizer)
      return { answer, correct: answer === key }
    }
  }
}

function peerQuestion(
  format: PasskeyFormat,
  size: number,
  tokenizer: Tokenizer,
  seed: number,
  length: number,
  trial: number
): PasskeyQuestion {
  const random = streamOf(seed, length, trial)
  const draw = format.draw?.(length, trial) ?? ((low: number, high: number) => random.integer(low, high))
  const { prompt, key, before } = format.prompt(size, draw)
  const ids = tokenizer.encode(key)
  return {
    prompt,
    key,
    tokens: countTokens(tokenizer, prompt),
    depth: before,
    keyPosition: countTokens(tokenizer, prompt.slice(0, prompt.indexOf(`The pass key is ${key}`))),
    maxNewTokens: format.maxNewTokens === 'key' ? ids.length : format.maxNewTokens,
    read: tokens => (format.check === 'ids' ? readIds(tokens, tokenizer, ids) : readNumber(tokens, tokenizer, key))
  }
}

/** Scripts compare numbers: 00123 is 123. */
async function readNumber(tokens: AsyncIterable<number>, tokenizer: Tokenizer, key: string) {
  const answer = await generatedDigits(tokens, tokenizer)
  return { answer, correct: answer.replace(/^0+(?=\d)/, '') === key }
}

async function readIds(tokens: AsyncIterable<number>, tokenizer: Tokenizer, expected: Int32Array) {
  const ids: number[] = []
  for await (const id of tokens) ids.push(id)
  return {
    answer: tokenizer.decode(ids),
    correct: ids.length === expected.length && expected.every((id, i) => id === ids[i])
  }
}
