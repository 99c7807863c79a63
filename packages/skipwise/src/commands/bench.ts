import { benchTrain, type BenchOptions } from '../bench-train.js'
import { loadParts, openExecutor, parseJson } from '../parts.js'
import type { Terminal } from '../terminal.js'

/** `skipwise bench train`. */
export async function bench(
  what: 'train',
  options: {
    model: string
    executor: string
    threads?: number
    strategy: NonNullable<BenchOptions['strategy']>
    steps?: number
  },
  terminal: Terminal
): Promise<number> {
  const { registry } = await loadParts([process.cwd()])
  const executor = await openExecutor(registry, options.executor, options.threads)
  const result = await benchTrain(parseJson(options.model, '--model'), executor, {
    strategy: options.strategy,
    signal: terminal.signal,
    measured: options.steps
  })
  await executor.dispose()
  if (terminal.json) process.stdout.write(`${JSON.stringify(result)}\n`)
  else {
    terminal.say(
      `${what}: ${result.ms_per_step.toFixed(1)} ms a step, ${result.tokens_per_s.toFixed(0)} tokens/s, ${result.gflops.toFixed(1)} GFLOP/s, ${result.peak_rss_mb.toFixed(0)} MB at most; the first step took ${(result.first_step_ms / 1000).toFixed(1)} s`
    )
    terminal.say(`${result.engine}, ${result.params} parameters, ${JSON.stringify(result.config)}`)
  }
  return 0
}
