import { readNamedFile, removeOwnFile, writeFileAtomic } from '@skipwise/checkpoints'
import type { EvalContext } from '@skipwise/core'
import { createHash } from 'node:crypto'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { damagedState, jsonOf } from './kept-stage.js'

/** Finished units of a running evaluation. */
export interface Journal {
  readonly remember: NonNullable<EvalContext['remember']>
  /** Removes the journal: the evaluation is done. */
  remove(): Promise<void>
  /** Closes the file and leaves it for the next run. */
  close(): Promise<void>
}

/**
 * Opens the journal in `file`: one JSON line for the run's key, then one for each unit, each with its digest and
 * flushed when it is written, so that a killed process loses only the unit it was working on. A journal with another
 * key is started again, and an incomplete last line is dropped. Nothing is written before the first unit is done: a
 * refused run leaves no file.
 *
 * @throws SkipwiseError `STATE_DAMAGED` when a line has changed since it was written, `FILE_REFUSED`
 */
export async function openJournal(file: string, key: string): Promise<Journal> {
  const bytes = await readNamedFile(file, 'result')
  const { run, units } = readJournal(bytes, file)
  const kept = run === key ? units : new Map<string, unknown>()
  const create = async () => {
    await mkdir(dirname(file), { recursive: true })
    const lines = [lineOf({ run: key }), ...[...kept].map(([unit, value]) => lineOf({ key: unit, value }))]
    await writeFileAtomic(file, lines.join(''))
    return await open(file, 'a')
  }
  let handle: Awaited<ReturnType<typeof create>> | undefined
  return {
    async remember<Value>(unit: string, compute: () => Promise<Value>): Promise<Value> {
      if (kept.has(unit)) return kept.get(unit) as Value
      const value = await compute()
      handle ??= await create()
      await handle.appendFile(lineOf({ key: unit, value }))
      await handle.datasync()
      return value
    },
    async remove() {
      await handle?.close()
      if (handle !== undefined || bytes !== undefined) await removeOwnFile(file)
    },
    async close() {
      await handle?.close()
    }
  }
}

const DIGEST_LENGTH = 16

/** The beginning of a line's digest, which comes before the line: enough to find damage, which is not malice. */
const digestOfLine = (json: string): string => createHash('sha256').update(json).digest('hex').slice(0, DIGEST_LENGTH)

function lineOf(content: object): string {
  const json = JSON.stringify(content)
  return `${digestOfLine(json)} ${json}\n`
}

const firstSchema = z.strictObject({ run: z.string() })
const unitSchema = z.strictObject({ key: z.string(), value: z.unknown() })

/** What a journal holds. @throws SkipwiseError `STATE_DAMAGED` */
function readJournal(
  bytes: Uint8Array | undefined,
  file: string
): { readonly run: string | undefined; readonly units: Map<string, unknown> } {
  // text after the last line end was cut off when its process was killed; the first line is always complete
  const lines = new TextDecoder().decode(bytes).split('\n').slice(0, -1)
  if (bytes !== undefined && lines.length === 0) throw damagedState(file, 'it is not a journal')
  const contents = lines.map((line, i) => contentOf(line, `line ${i + 1}`, file))
  const units = new Map<string, unknown>()
  let run: string | undefined
  for (const [i, content] of contents.entries()) {
    const first = i === 0 ? firstSchema.safeParse(content).data : undefined
    const unit = i > 0 ? unitSchema.safeParse(content).data : undefined
    if (first) run = first.run
    else if (unit) units.set(unit.key, unit.value)
    else throw damagedState(file, `line ${i + 1} is not a line of a journal`)
  }
  return { run, units }
}

function contentOf(line: string, where: string, file: string): unknown {
  const json = line.slice(DIGEST_LENGTH + 1)
  if (line !== `${digestOfLine(json)} ${json}`) throw damagedState(file, `${where} has changed since it was written`)
  return jsonOf(new TextEncoder().encode(json), file)
}
