import {
  definePlugin,
  randomStream,
  SkipwiseError,
  type PositionTransform,
  type RandomStream,
  type Window
} from '@skipwise/core'
import { z } from 'zod'
import { checkDocument, checkWindow, oneWindow } from './checks.js'
import { assemble } from './chunks.js'

/**
 * Mean and deviation of the Gaussian that CREAM truncates, and the points on which it tabulates the distribution
 * function.
 */
const MEAN = 9
const DEVIATION = 3
const POINTS = 1000

/** α: whole windows in the target. */
const windowsIn = ({ original, target }: Window) => Math.floor(target / original)

/**
 * CREAM (Wu et al., NeurIPS 2024; `train.py`): T = L_c tokens as head, middle and tail. With probability ½ head and
 * tail have ⌊T / 3⌋ tokens each, else 4 α, with α = ⌊L_t / L_c⌋. The head is at 0 …, the tail ends at α L_c − 1, the
 * middle ends at e ~ U{⌊head + (middle − 1) k / 2⌋ … ⌊k L_c / 2⌋ − tail − 1}, k a whole number of 2 … 2 α by a Gaussian
 * (μ = 9, σ = 3 for every α) whose tails are clamped to the ends. Text is taken at the position ids where the document
 * is long enough; otherwise the tail, or the middle, is taken from its end. The repository chooses head and tail once
 * for 3,000 examples, and repeats tokens where the middle overlaps the text of the tail; here each example chooses, and
 * no token appears twice.
 */
export const cream = definePlugin({
  kind: 'position-transform',
  name: 'cream',
  summary: 'CREAM: head at the beginning, tail at the end of the window, a middle by a truncated Gaussian',
  config: z.strictObject({}),
  create: (): PositionTransform => ({
    minimumTokens: oneWindow,
    example: (document, window, draw) => {
      checkWindow(window)
      const { original: tokens } = window
      const windows = windowsIn(window)
      if (Math.max(8 * windows, 2 * Math.floor(tokens / 3)) >= tokens) {
        throw new SkipwiseError('POSITIONS_WINDOW', {
          problem: `head and tail of 4 × ${windows} tokens leave no middle of ${tokens}`,
          fix: 'use a larger original window, of more than 8 ⌊L_t / L_c⌋ tokens'
        })
      }
      checkDocument(document, tokens)
      const random = randomStream({ ...draw, stream: 'position-transform' })
      const tail = random.integer(0, 1) === 0 ? Math.floor(tokens / 3) : 4 * windows
      const middle = tokens - 2 * tail
      const k = middleReach(windows, random)
      const end = random.integer(Math.floor(tail + ((middle - 1) * k) / 2), Math.floor((k * tokens) / 2) - tail - 1)
      const spare = document.length - tokens
      const skip = end - (tail + middle - 1)
      return assemble(document, window, {
        starts: [0, tail, tail + middle, tokens],
        skips: [0, skip, windows * tokens - tokens],
        offsets: [0, Math.min(skip, spare), spare]
      })
    }
  })
})

/** k: the inverse of the tabulated distribution function at a uniform draw, rounded down. */
function middleReach(windows: number, random: RandomStream): number {
  const low = 2
  const high = 2 * windows
  const at = (i: number) => low + ((high - low) * i) / (POINTS - 1)
  const uniform = random.uniform()
  if (uniform <= gaussian(at(0))) return low
  if (uniform >= gaussian(at(POINTS - 1))) return high
  let below = 0
  let above = POINTS - 1
  while (above - below > 1) {
    const middle = (below + above) >> 1
    if (gaussian(at(middle)) <= uniform) below = middle
    else above = middle
  }
  const [from, to] = [gaussian(at(below)), gaussian(at(above))]
  return Math.floor(at(below) + ((at(above) - at(below)) * (uniform - from)) / (to - from))
}

/** Φ((x − μ) / σ), by erf of Abramowitz & Stegun 7.1.26 with an error below 1.5e-7: far below one example in a run. */
function gaussian(x: number): number {
  const z = (x - MEAN) / (DEVIATION * Math.SQRT2)
  const t = 1 / (1 + 0.3275911 * Math.abs(z))
  const tail =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp(-z * z)
  return z >= 0 ? 1 - tail / 2 : tail / 2
}
