import type { Executor } from '@skipwise/runtime'
import { initializeWeights, operationsPerToken, Trainer } from '@skipwise/training'
import { benchSetup } from '../bench-train.js'

/** A LLaMA whose step takes some 26 GFLOP: matrices large enough that their products are what takes the time. */
const SHAPE = { d: 512, L: 2, h: 8, ff: 1376, V: 2048, T: 512, B: 1 }

/**
 * Operations a second of training steps, measured on this machine. The first two steps, in which programs are made
 * ready, do not count.
 *
 * @param milliseconds for the steps that count; default 2,000
 */
export async function measureRate(executor: Executor, signal: AbortSignal, milliseconds = 2000): Promise<number> {
  const { config, setup, example } = benchSetup(SHAPE, executor, { measured: 10_000 })
  const trainer = await Trainer.create(setup, initializeWeights(setup.model, { seed: 0 }))
  const step = async (index: number) => {
    signal.throwIfAborted()
    await trainer.gradients([example(index)], 0, signal)
    await trainer.update(index, setup.options.learningRate)
  }
  try {
    await step(0)
    await step(1)
    const started = performance.now()
    let steps = 0
    do await step(++steps + 1)
    while (performance.now() - started < milliseconds && steps < setup.options.steps - 2)
    const seconds = (performance.now() - started) / 1000
    return (steps * config.T * operationsPerToken(setup.model, {}, config.T, 'whole')) / seconds
  } finally {
    await trainer.dispose()
  }
}
