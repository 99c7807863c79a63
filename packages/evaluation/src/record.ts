import { createRequire } from 'node:module'
import { checkPlace, digestOfJson, readNamedFile, tryLock, writeJsonAtomic } from '@skipwise/checkpoints'
import {
  SkipwiseError,
  type EvalResult,
  type LanguageModel,
  type PluginReference,
  type ProgressListener,
  type Registry
} from '@skipwise/core'
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { digestOfModel, digestOfNamedFiles } from './digests.js'
import { openJournal, type Journal } from './journal.js'
import { damagedState } from './kept-stage.js'
import { runSuites } from './run-suites.js'

/** The version of this package, which all packages of a release share. */
const version: string = (createRequire(import.meta.url)('../package.json') as { version: string }).version

/** A result with what it was measured on: everything needed to repeat it. */
export interface EvaluationRecord extends EvalResult {
  readonly run: {
    /** Digest of all that decides the numbers, the files that the configuration names included. */
    readonly key: string
    readonly seed: number
    /** SHA-256 of the files that the configuration names. */
    readonly data: string
    readonly model: { readonly folder: string; readonly sha256: string }
    readonly executor: string
    readonly versions: Readonly<Record<string, string>>
    /** Digest of all other keys of the record, by `digestOfJson`. */
    readonly sha256: string
  }
}

/** What {@link recordEvaluations} is told. */
export interface RecordOptions {
  /** Makes the suites. */
  readonly registry: Pick<Registry, 'resolveUnknown'>
  /** Opens the model, when the first suite runs; it is disposed in the end. */
  readonly open: () => Promise<LanguageModel>
  /** What runs the model. */
  readonly executor: { readonly name: string; readonly device: string }
  /** Hugging Face model folder. */
  readonly folder: string
  /** Stands in results; default the folder as given. */
  readonly name?: string | undefined
  readonly suites: readonly PluginReference[]
  readonly seed: number
  readonly resolvePath: (path: string) => string
  /** File of the record of each suite; without it nothing is kept. */
  readonly fileOf?: ((index: number) => string) | undefined
  readonly progress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Evaluates a model by some suites, of any length also beyond its window: they show how it fails there. With files,
 * what is done is not done again: a finished record is read, and an evaluation that was stopped goes on from its
 * journal, `<file>.journal`. Two processes do not write one record, and a file that is not a record is not written
 * over.
 *
 * @throws SkipwiseError `EVAL_OUTPUT`, `RESULT_IN_USE`, and what opening the model, the suites and writing throw;
 * `signal.reason` when aborted
 */
export async function recordEvaluations({
  registry,
  open,
  executor,
  folder,
  name = folder,
  suites,
  seed,
  resolvePath,
  fileOf,
  progress,
  signal
}: RecordOptions): Promise<EvaluationRecord[]> {
  const files = suites.flatMap((_, i) => fileOf?.(i) ?? [])
  for (const file of files) await checkRecordFile(file)
  const made = suites.map(reference => registry.resolveUnknown('eval-suite', reference))
  // hours of work must not end in a file that cannot be written
  if (fileOf) for (const i of suites.keys()) await checkPlace(fileOf(i))
  const run = {
    seed,
    model: { folder, sha256: await digestOfModel(folder) },
    executor: `${executor.name}: ${executor.device}`,
    versions: { skipwise: version, node: process.versions.node }
  }
  const records: EvaluationRecord[] = []
  let model: ReturnType<typeof open> | undefined
  try {
    for (const [i, suite] of made.entries()) {
      const { sha256 } = run.model
      const file = fileOf?.(i)
      const data = await digestOfNamedFiles(suites[i].config, resolvePath)
      const key = digestOfJson([
        suites[i].name,
        suites[i].config ?? {},
        data,
        name,
        seed,
        sha256,
        run.executor,
        run.versions
      ])
      const release = file === undefined ? undefined : await lockRecord(file)
      let journal: Journal | undefined
      try {
        const known = file === undefined ? undefined : await readRecord(file)
        if (known?.run?.key === key && known.run.sha256 !== undefined) {
          if (file !== undefined && !isSealed(known)) throw damagedState(file, 'its digest is not that of its content')
          records.push(known as EvaluationRecord)
          continue
        }
        journal = file === undefined ? undefined : await openJournal(`${file}.journal`, key)
        const kept = journal
        const [result] = await runSuites(
          await (model ??= open()),
          [suite],
          { seed, resolvePath, progress, signal },
          kept && (() => Promise.resolve(kept))
        )
        const record = sealed({ ...result, run: { key, data, ...run } })
        if (file !== undefined) {
          await mkdir(dirname(file), { recursive: true })
          await writeJsonAtomic(file, record)
        }
        records.push(record)
        await journal?.remove()
      } catch (error) {
        await journal?.close()
        throw error
      } finally {
        await release?.()
      }
    }
    return records
  } finally {
    await model?.then(
      opened => opened.dispose(),
      () => undefined
    )
  }
}

/** A file may be missing, or a record of an evaluation. @throws SkipwiseError `EVAL_OUTPUT` */
async function checkRecordFile(file: string): Promise<void> {
  const isThere = await stat(file).then(
    () => true,
    () => false
  )
  if (!isThere || (await readRecord(file))?.metrics !== undefined) return
  throw new SkipwiseError('EVAL_OUTPUT', {
    problem: `${file} is there and is not a result of an evaluation`,
    fix: 'name another file'
  })
}

/** @throws SkipwiseError `RESULT_IN_USE` */
async function lockRecord(file: string): Promise<() => Promise<void>> {
  await mkdir(dirname(file), { recursive: true })
  const attempt = await tryLock(`${file}.lock`)
  if ('release' in attempt) return attempt.release
  const { pid, host, since, here } = attempt.owner
  throw new SkipwiseError('RESULT_IN_USE', {
    problem: `process ${pid} on ${host} has been evaluating into ${file} since ${since}`,
    fix: here ? 'wait for it, or name another file' : `wait for it, or remove ${file}.lock if it has ended`
  })
}
/** A record with the digest of its other keys. */
const sealed = <Unsealed extends EvalResult & { readonly run: object }>(record: Unsealed) => ({
  ...record,
  run: { ...record.run, sha256: digestOfJson(record) }
})

/** Whether a record is as {@link sealed} made it. */
function isSealed(record: SomeRecord): boolean {
  const { sha256, ...run } = record.run ?? {}
  return sha256 === digestOfJson({ ...record, run })
}

/** What stands in a file: keys may be missing. */
type SomeRecord = Partial<Omit<EvaluationRecord, 'run'>> & { readonly run?: Partial<EvaluationRecord['run']> }

/** What stands in a file; an older one may lack keys. */
async function readRecord(file: string): Promise<SomeRecord | undefined> {
  const bytes = await readNamedFile(file, 'result')
  try {
    return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as SomeRecord)
  } catch {
    return undefined
  }
}
