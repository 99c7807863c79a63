import { digestOfJson, readNamedFile, tryLock } from '@skipwise/checkpoints'
import { SkipwiseError, type EvalResult } from '@skipwise/core'
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** A result with everything needed to repeat it. */
export interface EvaluationRecord extends EvalResult {
  readonly run: {
    /** Digest of everything that determines the numbers, including the files that the configuration names. */
    readonly key: string
    readonly seed: number
    /** SHA-256 of the files that the configuration names. */
    readonly data: string
    readonly model: { readonly folder: string; readonly sha256: string }
    readonly executor: string
    /** How weights lay in memory, where not in float32, and ‖stored − given‖ / ‖given‖ of the matrices at rest. */
    readonly weights?: { readonly type: string; readonly relativeError: number }
    readonly versions: Readonly<Record<string, string>>
    /** Digest of all other keys of the record, by `digestOfJson`. */
    readonly sha256: string
  }
}

/** Accepts a missing file or a record of an evaluation. @throws SkipwiseError `EVAL_OUTPUT` */
export async function checkRecordFile(file: string): Promise<void> {
  const isThere = await stat(file).then(
    () => true,
    () => false
  )
  if (!isThere || (await readRecord(file))?.metrics !== undefined) return
  throw new SkipwiseError('EVAL_OUTPUT', {
    problem: `${file} exists and is not the result of an evaluation`,
    fix: 'choose another file'
  })
}

/** Holds a file against other processes. @returns what lets it go @throws SkipwiseError `RESULT_IN_USE` */
export async function lockRecord(file: string): Promise<() => Promise<void>> {
  await mkdir(dirname(file), { recursive: true })
  const attempt = await tryLock(`${file}.lock`)
  if ('release' in attempt) return attempt.release
  const { pid, host, since, here } = attempt.owner
  throw new SkipwiseError('RESULT_IN_USE', {
    problem: `process ${pid} on ${host} has been evaluating into ${file} since ${since}`,
    fix: here ? 'wait for it, or choose another file' : `wait for it, or remove ${file}.lock if it has ended`
  })
}

/** A record with the digest of its other keys. */
export const sealed = <Unsealed extends { readonly run: object }>(record: Unsealed) => ({
  ...record,
  run: { ...record.run, sha256: digestOfJson(record) }
})

/** Whether the digest of a record is right. */
export function isSealed(record: { readonly run?: { readonly sha256?: string } }): boolean {
  const { sha256, ...run } = record.run ?? {}
  return sha256 === digestOfJson({ ...record, run })
}

/** A record in a file: keys may be missing. */
type SomeRecord = Partial<Omit<EvaluationRecord, 'run'>> & { readonly run?: Partial<EvaluationRecord['run']> }

/** A result in a file; an older one may lack keys. */
export async function readRecord(file: string): Promise<SomeRecord | undefined> {
  const bytes = await readNamedFile(file, 'result')
  try {
    return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as SomeRecord)
  } catch {
    return undefined
  }
}
