import type { GenerateOptions, LanguageModel, Tokenizer } from '@skipwise/core'

/** 1 where the tokenizer puts BOS before a text, else 0. */
export const bosCount = ({ addBos, bosId }: Tokenizer): 0 | 1 => (addBos && bosId !== undefined ? 1 : 0)

/** Tokens of a text as the model gets it, BOS included. */
export const countTokens = (tokenizer: Tokenizer, text: string): number =>
  bosCount(tokenizer) + tokenizer.encode(text).length

/** Ids of a prompt, with BOS by the tokenizer's own policy. */
function promptIds(tokenizer: Tokenizer, prompt: string): Int32Array {
  const bos = bosCount(tokenizer)
  const encoded = tokenizer.encode(prompt)
  const ids = new Int32Array(bos + encoded.length)
  if (bos) ids[0] = tokenizer.bosId as number
  ids.set(encoded, bos)
  return ids
}

/** Greedy continuation of a prompt, until EOS. */
export function continueGreedily(
  model: LanguageModel,
  prompt: string,
  maxNewTokens: number,
  signal: AbortSignal | undefined
): AsyncIterable<number> {
  const { eosId } = model.tokenizer
  const options: GenerateOptions = {
    maxNewTokens,
    temperature: 0,
    stopIds: eosId === undefined ? undefined : [eosId],
    signal
  }
  return model.generate(promptIds(model.tokenizer, prompt), options)
}
