import { randomStream, SkipwiseError, type GenerateOptions } from '@skipwise/core'

/** Chooses the next token from the logits [V] of step `step`; the sequence so far has the tokens `seen`. */
export type Sampler = (logits: Float32Array, step: number, seen: ReadonlySet<number>) => number

/**
 * The sampler of some options: repetition penalty, temperature, then top-k, then top-p over what is left, as
 * transformers' logits processors and warpers do. Step k draws from its own random stream, so that a token does not
 * depend on how many numbers the others took.
 */
export function createSampler(options: GenerateOptions): Sampler {
  const { repetitionPenalty = 1 } = options
  const draw = createDraw(options)
  return repetitionPenalty === 1 ? draw : (logits, step, seen) => draw(penalised(logits, seen, repetitionPenalty), step)
}

/** A copy of the logits with those of `seen` lowered. */
function penalised(logits: Float32Array, seen: ReadonlySet<number>, penalty: number): Float32Array {
  const lowered = logits.slice()
  for (const id of seen) lowered[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty
  return lowered
}

function createDraw({
  temperature = 0,
  topK = Infinity,
  topP = 1,
  seed = 0
}: GenerateOptions): (logits: Float32Array, step: number) => number {
  if (temperature === 0) return mostLikely
  return (logits, step) => {
    const order = Array.from(logits.keys())
      .sort((a, b) => logits[b] - logits[a] || a - b)
      .slice(0, Math.min(topK, logits.length))
    const weights = order.map(id => Math.exp((logits[id] - logits[order[0]]) / temperature))
    const kept = nucleus(weights, topP)
    let left = randomStream({ seed, stream: 'sampling', index: step }).uniform() * sum(weights, kept)
    for (let i = 0; i < kept; i++) {
      left -= weights[i]
      if (left < 0) return order[i]
    }
    return order[kept - 1]
  }
}

/** The first of the largest logits. */
export function mostLikely(logits: Float32Array): number {
  let best = 0
  for (let id = 1; id < logits.length; id++) if (logits[id] > logits[best]) best = id
  return best
}

/** How many of the falling `weights` make up the share `topP` of their sum: at least one. */
function nucleus(weights: readonly number[], topP: number): number {
  const wanted = topP * sum(weights, weights.length)
  let reached = 0
  for (let i = 0; i < weights.length; i++) {
    reached += weights[i]
    if (reached >= wanted) return i + 1
  }
  return weights.length
}

function sum(weights: readonly number[], count: number): number {
  let total = 0
  for (let i = 0; i < count; i++) total += weights[i]
  return total
}

/** @throws SkipwiseError `INFERENCE_OPTIONS` naming the option */
export function checkGenerateOptions({
  maxNewTokens,
  temperature = 0,
  topK = 1,
  topP = 1,
  repetitionPenalty = 1
}: GenerateOptions): void {
  const check = (ok: boolean, name: string, value: number, range: string) => {
    if (!ok) throw new SkipwiseError('INFERENCE_OPTIONS', { problem: `${name} is ${value}`, fix: `pass ${range}` })
  }
  check(Number.isInteger(maxNewTokens) && maxNewTokens >= 0, 'maxNewTokens', maxNewTokens, 'an integer ≥ 0')
  check(
    Number.isFinite(temperature) && temperature >= 0,
    'temperature',
    temperature,
    'a number ≥ 0; 0 takes the most likely token'
  )
  check(Number.isInteger(topK) && topK >= 1, 'topK', topK, 'an integer ≥ 1')
  check(topP > 0 && topP <= 1, 'topP', topP, 'a number in (0, 1]')
  check(
    Number.isFinite(repetitionPenalty) && repetitionPenalty > 0,
    'repetitionPenalty',
    repetitionPenalty,
    'a number above 0; 1 leaves the logits'
  )
}
