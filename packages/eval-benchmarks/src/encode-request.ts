import { SkipwiseError, type Tokenizer } from '@skipwise/core'
import type { HarnessProfile } from './profiles.js'
import { rstrip } from './python/strings.js'
import type { Request } from './requests.js'

/** A request in tokens: the elements of `score(ids)` from `from` on are those of the continuation. */
export interface EncodedRequest {
  /** [n] */
  readonly ids: Int32Array
  readonly from: number
  /** Tokens left out at the beginning, because the model takes no more. */
  readonly truncated: number
}

/**
 * Makes an encoder of requests as the harness has it: spaces at the end of the context go to the continuation, both are
 * encoded together, and the continuation's tokens are those after the number of tokens of the context alone. What is
 * too long is cut at its beginning.
 *
 * @param maxLength tokens that the model takes: one less than a request may have, since its last token is only
 * predicted
 */
export function requestEncoder(
  tokenizer: Tokenizer,
  bos: HarnessProfile['bos'],
  maxLength: number
): (request: Request) => EncodedRequest {
  const { bosId, eosId } = tokenizer
  const addsBos = bos === 'tokenizer' && tokenizer.addBos && bosId !== undefined
  let lastContext: string | undefined
  let lastIds: Int32Array = new Int32Array(0)
  const encode = (text: string): Int32Array => {
    const ids = tokenizer.encode(text)
    // A text that spells BOS has it already.
    return addsBos && ids[0] !== bosId ? Int32Array.of(bosId, ...ids) : ids
  }
  const encodeContext = (context: string): Int32Array => {
    // the choices of a question have one context
    if (context !== lastContext) [lastContext, lastIds] = [context, encode(context)]
    return lastIds
  }
  return ({ context, continuation }) => {
    const kept = rstrip(context)
    const moved = context.slice(kept.length) + continuation
    let ids = encode(kept + moved)
    let before = encodeContext(kept).length
    if (before === 0) {
      const first = bosId ?? eosId
      if (first === undefined)
        throw lengthError(
          'a request without context needs BOS or EOS, and the tokenizer has neither',
          'use a tokenizer that names one'
        )
      if (ids[0] !== first) ids = Int32Array.of(first, ...ids)
      before = 1
    }
    const scored = ids.length - before
    if (scored < 1) throw lengthError(`'${moved}' has no token after its context`, 'check the choices of the data')
    if (scored > maxLength)
      throw lengthError(
        `a choice of ${scored} tokens does not fit the ${maxLength} that the model takes`,
        'check the choices of the data, or use a model with a longer window'
      )
    const truncated = Math.max(0, ids.length - (maxLength + 1))
    return { ids: ids.subarray(truncated), from: before - truncated - 1, truncated }
  }
}

const lengthError = (problem: string, fix: string) => new SkipwiseError('BENCHMARK_LENGTH', { problem, fix })
