import { readNamedFile, removeOwnFile, writeFileAtomic } from '@skipwise/checkpoints'
import type { EvalContext } from '@skipwise/core'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Finished units of an evaluation that is under way. */
export interface Journal {
  readonly remember: NonNullable<EvalContext['remember']>
  /** The evaluation is done: nothing needs to be remembered. */
  remove(): Promise<void>
  /** Closes the file and leaves it for the next run. */
  close(): Promise<void>
}

/**
 * Opens the journal in `file`: one JSON line for the run's key, then one for each unit, flushed when it is written, so that a killed process
 * loses the unit under way alone. A journal of another key is begun anew; a last line that was cut off is dropped.
 */
export async function openJournal(file: string, key: string): Promise<Journal> {
  await mkdir(dirname(file), { recursive: true })
  const bytes = await readNamedFile(file, 'result')
  const lines = new TextDecoder().decode(bytes).split('\n').slice(0, -1), kept = new Map<string, unknown>()
  if (lines[0] === JSON.stringify({ run: key })) {
    for (const line of lines.slice(1)) {
      const unit = parse(line)
      if (!unit) break
      kept.set(unit.key, unit.value)
    }
  }
  await writeFileAtomic(file, [{ run: key }, ...[...kept].map(([key, value]) => ({ key, value }))].map(line => `${JSON.stringify(line)}\n`).join(''))
  const handle = await open(file, 'a')
  return {
    async remember<Value>(unit: string, compute: () => Promise<Value>): Promise<Value> {
      if (kept.has(unit)) return kept.get(unit) as Value
      const value = await compute()
      await handle.appendFile(`${JSON.stringify({ key: unit, value })}\n`)
      await handle.datasync()
      return value
    },
    async remove() {
      await handle.close()
      await removeOwnFile(file)
    },
    close: () => handle.close()
  }
}

function parse(line: string): { key: string; value: unknown } | undefined {
  try {
    return JSON.parse(line) as { key: string; value: unknown }
  } catch {
    return undefined
  }
}
