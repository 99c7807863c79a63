import type { FedWindow, PerplexityMode, WindowGeometry } from './mode.js'

/** Windows that one mean is taken of; the last of fewer windows counts like a full one. */
const BATCH = 32

/**
 * LongLoRA's and ChunkLlama's eval.py: all documents joined without separators, whole windows every S tokens up to the
 * one before the last, W − 1 tokens scored in each and so most tokens many times, the mean over batches of 32 windows,
 * 2.71828 to its power.
 */
export const longlora: PerplexityMode = {
  name: 'longlora',
  sequences: 'stream',
  prefix: 'none',
  fillsWindow: false,
  stride: 'any',
  truncates: false,
  reduce: 'mean',
  base: 2.71828,
  windows: everyWindow
}

function* everyWindow(n: number, { window, stride }: WindowGeometry): Generator<FedWindow> {
  const count = Math.ceil((n - window) / stride) - 1
  for (let i = 0; i < count; i++) {
    const begin = i * stride
    const batch = Math.min(BATCH, count - Math.floor(i / BATCH) * BATCH)
    yield { begin, scored: begin, end: begin + window, prefix: false, weight: 1 / batch }
  }
}
