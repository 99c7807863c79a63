import { valueOf } from '../json-keys.js'
import type { Rule } from './rule.js'

const near = (a: number, b: number) => Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b))

/** Traps of the three ways in which a file can give the factor of the window. */
export const rulesOfLengths: readonly Rule[] = [
  {
    id: 'original-missing',
    check: ({ type, original, window, factor, geometry, model }) => {
      if (!['yarn', 'llama3', 'longrope', 'su'].includes(type) || original !== undefined) return undefined
      const taken =
        model.type?.original === undefined
          ? `max_position_embeddings ${window} is`
          : `${geometry.originalLength}, the default of its type, is`
      return {
        problem: `original_max_position_embeddings is missing, so ${taken} taken for the original window`,
        why: `the ramp of ${type} depends on the original window; if that is not ${geometry.originalLength}, every frequency on the ramp is wrong, and no error shows it`,
        fix: `write original_max_position_embeddings, the window before the extension by ${factor}`
      }
    }
  },
  {
    id: 'window-unclear',
    check: ({ reading, type, window, factor }) =>
      reading.windowUnclear
        ? {
            level: 'note',
            problem: `max_position_embeddings ${window} may be the window before the scaling by ${factor} or after it: the file does not say`,
            why: `${type} has no key for the original window; most files write the extended one here, Vicuna 16k and LongChat the original one, so that the model reaches ${window} or ${window * factor} tokens`,
            fix: `write "original_max_position_embeddings": ${window / factor} or ${window} at the top; the frequencies are the same`
          }
        : undefined
  },
  {
    id: 'original-twice',
    check: ({ config, rope, layerType, original }) => {
      const key = 'original_max_position_embeddings'
      const inside = valueOf(rope, key)
      return layerType === undefined &&
        valueOf(config, key) !== undefined &&
        inside !== undefined &&
        inside !== original
        ? {
            problem: `original_max_position_embeddings is ${JSON.stringify(original)} at the top and ${JSON.stringify(inside)} in the rope object`,
            why: 'transformers takes the one at the top, other stacks the one in the rope object',
            fix: 'write the original window to both'
          }
        : undefined
    }
  },
  {
    id: 'factor-against-lengths',
    check: ({ type, rope, original, window }) => {
      const given = rope['factor']
      const ratio = window / (original ?? window)
      if (
        !['yarn', 'longrope', 'su'].includes(type) ||
        typeof given !== 'number' ||
        near(ratio, 1) ||
        near(given, ratio)
      )
        return undefined
      return {
        problem: `factor is ${given}, max_position_embeddings / original_max_position_embeddings is ${ratio}`,
        why: 'transformers uses the factor and warns once; versions before its PR 40320 let the original window override it, and vLLM’s longrope takes the ratio: one file, two models',
        fix: `set factor to ${ratio}, or max_position_embeddings to ${(original ?? window) * given}`
      }
    }
  },
  {
    id: 'dynamic-extended-window',
    check: ({ type, original, window, factor, facts }) => {
      const trained = original ?? facts.trainedWindow
      if (type !== 'dynamic' || factor === 1) return undefined
      if (trained === undefined) {
        return {
          level: 'note',
          problem: `dynamic starts to scale past max_position_embeddings, ${window} tokens`,
          why: 'that key is its *original* window; if it was set to the extended one, nothing is scaled inside the window',
          fix: `make sure that the model was trained with ${window} tokens before any extension`
        }
      }
      return trained < window
        ? {
            problem: `max_position_embeddings is ${window}, the original window is ${trained}`,
            why: 'dynamic takes max_position_embeddings for the original window: up to there nothing is scaled, and the model runs unextended',
            fix: `set max_position_embeddings to ${trained}; the factor gives the longer window`
          }
        : undefined
    }
  },
  {
    id: 'llama3-window',
    check: ({ type, original, window }) =>
      type === 'llama3' && original !== undefined && original >= window
        ? {
            problem: `original_max_position_embeddings ${original} is not below max_position_embeddings ${window}`,
            why: 'the window is not extended then, and readers of max_position_embeddings truncate there',
            fix: 'set max_position_embeddings to the extended window'
          }
        : undefined
  },
  {
    id: 'window-not-extended',
    check: ({ type, original, window, factor }) =>
      ['yarn', 'longrope', 'su'].includes(type) && original === window && factor > 1
        ? {
            level: 'note',
            problem: `max_position_embeddings is the original window of ${window}, though the factor is ${factor}`,
            why: 'vLLM multiplies it for yarn, all others that read the limit there truncate at the original window',
            fix: `set max_position_embeddings to ${window * factor}`
          }
        : undefined
  }
]
