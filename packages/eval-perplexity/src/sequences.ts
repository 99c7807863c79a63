import { SkipwiseError, type LanguageModel } from '@skipwise/core'
import type { PerplexityConfig } from './config.js'
import type { EvaluatedDocument } from './documents.js'
import type { FedWindow, PerplexityMode } from './modes/mode.js'

/** What windows run over: one document, or all of them joined. */
export interface Sequence {
  /** [n], without the special token of the mode. */
  readonly ids: Int32Array
  /** Special token before windows that ask for it. */
  readonly prefixId: number | undefined
  /** The document, where the sequence is one. */
  readonly document?: EvaluatedDocument
}

/** BOS by a policy. @throws SkipwiseError `PERPLEXITY_NO_BOS` */
export function chooseBos(policy: PerplexityConfig['bos'], { name, tokenizer }: LanguageModel): number | undefined {
  if (policy === 'never' || (policy === 'tokenizer' && !tokenizer.addBos)) return undefined
  if (tokenizer.bosId === undefined && policy === 'always')
    throw noSpecial(`the tokenizer of ${name} has no BOS token`, "set bos to 'tokenizer' or 'never'")
  return tokenizer.bosId
}

/** The sequences of a mode, in order. @throws SkipwiseError `PERPLEXITY_NO_BOS` */
export function sequencesOf(
  mode: PerplexityMode,
  bosId: number | undefined,
  documents: readonly EvaluatedDocument[],
  { name, tokenizer }: LanguageModel
): Sequence[] {
  const { eosId } = tokenizer
  switch (mode.prefix) {
    case 'bos':
      return documents.map(document => ({ ids: document.ids, prefixId: bosId, document }))
    case 'bos-or-eos': {
      const prefixId = tokenizer.bosId ?? eosId
      if (prefixId === undefined)
        throw noSpecial(
          `the tokenizer of ${name} has neither BOS nor EOS`,
          `mode ${mode.name} needs one before the first token: use another mode`
        )
      return documents.map(document => ({
        ids: bosId === undefined ? document.ids : Int32Array.of(bosId, ...document.ids),
        prefixId,
        document
      }))
    }
    case 'eos':
      if (eosId === undefined)
        throw noSpecial(
          `the tokenizer of ${name} has no EOS token`,
          `mode ${mode.name} joins documents with it: use another mode`
        )
      return [{ ids: join(documents, [eosId]), prefixId: eosId }]
    case 'none':
      return [{ ids: join(documents, []), prefixId: undefined }]
  }
}

/** Windows of W over a sequence; none where it is too short for any. */
export function windowsOf(
  mode: PerplexityMode,
  { ids, prefixId }: Sequence,
  window: number,
  { stride = window, truncate }: Pick<PerplexityConfig, 'stride' | 'truncate'>
): FedWindow[] {
  const prefix = prefixId !== undefined
  const n = truncate ? Math.min(ids.length, window - (prefix ? 1 : 0)) : ids.length
  return [...mode.windows(n, { window, stride, prefix })]
}

function join(documents: readonly EvaluatedDocument[], behind: readonly number[]): Int32Array {
  const all = new Int32Array(documents.reduce((sum, { ids }) => sum + ids.length + behind.length, 0))
  let at = 0
  for (const { ids } of documents) {
    all.set(ids, at)
    all.set(behind, at + ids.length)
    at += ids.length + behind.length
  }
  return all
}

const noSpecial = (problem: string, fix: string) => new SkipwiseError('PERPLEXITY_NO_BOS', { problem, fix })
