import { colours } from '../colours.js'
import { loadParts, openExecutor } from '../parts.js'
import type { Terminal } from '../terminal.js'
import { verifyCase, type VerifyResult } from '../verify-case.js'

/** `skipwise verify CASE...`: exit code 1 when a case fails. */
export async function verify(folders: readonly string[], { executor: name }: { executor: string }, terminal: Terminal): Promise<number> {
  const parts = await loadParts([process.cwd()]), executor = await openExecutor(parts.registry, name), results: VerifyResult[] = []
  for (const folder of folders) {
    terminal.signal.throwIfAborted()
    const result = await verifyCase(folder, executor, parts)
    results.push(result)
    if (!terminal.json) terminal.say(describe(result))
  }
  await executor.dispose()
  if (terminal.json) terminal.result(results.length === 1 ? results[0] : results)
  return results.every(({ passed }) => passed) ? 0 : 1
}

function describe({ case: name, executor, maxAbsLogitError, lossError, maxRelativeGradientError, passed }: VerifyResult): string {
  const numbers = `logits ${maxAbsLogitError.toExponential(1)}, loss ${lossError.toExponential(1)}, gradients ${maxRelativeGradientError.toExponential(1)}`
  return `${passed ? colours.green('passed') : colours.red('failed')} ${name} on ${executor}: ${numbers}`
}
