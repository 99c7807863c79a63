import { checkDigestList, describeChanges, type DigestCheck } from '@skipwise/experiment'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { colours } from '../colours.js'
import { loadParts, openExecutor } from '../parts.js'
import type { Terminal } from '../terminal.js'
import { verifyCase, type VerifyResult } from '../verify-case.js'

/** What was found in one folder. */
type Found = {
  readonly passed: boolean
  readonly text: string
  readonly result: VerifyResult | (DigestCheck & { readonly passed: boolean })
}

/**
 * `skipwise verify FOLDER...`: cases are run, outputs of `extend` and `train` are compared with the digests that stand
 * in them. Exit code 1 when one fails.
 */
export async function verify(
  folders: readonly string[],
  { executor: name }: { executor: string },
  terminal: Terminal
): Promise<number> {
  const found: Found[] = []
  const cases = openCases(name)
  try {
    for (const folder of folders) {
      terminal.signal.throwIfAborted()
      const isCase = (await exists(join(folder, 'case.json'))) || !(await exists(join(folder, 'skipwise.json')))
      const one = isCase ? await cases.verify(folder) : await verifyOutput(folder, terminal)
      found.push(one)
      if (!terminal.json) terminal.say(one.text)
    }
  } finally {
    await cases.close()
  }
  const results = found.map(({ result }) => result)
  if (terminal.json) terminal.result(results.length === 1 ? results[0] : results)
  return found.every(({ passed }) => passed) ? 0 : 1
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false
  )

/** An output needs no executor: it is opened for the first case. */
function openCases(name: string) {
  const open = async () => {
    const parts = await loadParts([process.cwd()])
    return { parts, executor: await openExecutor(parts.registry, name) }
  }
  let opened: ReturnType<typeof open> | undefined
  return {
    async verify(folder: string): Promise<Found> {
      const { parts, executor } = await (opened ??= open())
      const result = await verifyCase(folder, executor, parts)
      return { passed: result.passed, text: describe(result), result }
    },
    async close(): Promise<void> {
      await opened?.then(
        ({ executor }) => executor.dispose(),
        () => undefined
      )
    }
  }
}

async function verifyOutput(folder: string, { progress }: Terminal): Promise<Found> {
  const check = await checkDigestList(folder, progress)
  const passed = !check.changed.length && !check.missing.length
  const text = passed
    ? `${colours.green('passed')} ${folder}: ${check.files} files are unchanged`
    : `${colours.red('failed')} ${describeChanges(folder, check.changed, check.missing)}`
  return { passed, text, result: { ...check, passed } }
}

function describe({
  case: name,
  executor,
  maxAbsLogitError,
  lossError,
  maxRelativeGradientError,
  passed
}: VerifyResult): string {
  const numbers = `logits ${maxAbsLogitError.toExponential(1)}, loss ${lossError.toExponential(1)}, gradients ${maxRelativeGradientError.toExponential(1)}`
  return `${passed ? colours.green('passed') : colours.red('failed')} ${name} on ${executor}: ${numbers}`
}
