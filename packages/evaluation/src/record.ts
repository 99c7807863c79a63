import { checkPlace, writeJsonAtomic } from '@skipwise/checkpoints'
import {
  type EvalContext,
  type EvalResult,
  type EvalSuite,
  type LanguageModel,
  type PluginReference,
  type ProgressListener,
  type Registry
} from '@skipwise/core'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { openJournal, type Journal } from './journal.js'
import { damagedState } from './kept-stage.js'
import { checkRecordFile, isSealed, lockRecord, readRecord, sealed, type EvaluationRecord } from './record-file.js'
import { identityOf, settingOf } from './record-identity.js'
import { suitesWithTokenCounts } from './token-count.js'

/** Arguments of {@link runSuites}. */
export interface SuiteContext extends Omit<EvalContext, 'remember'> {
  /** Prefix of the task of each event, for instance the name of the model. */
  readonly label?: string | undefined
}

/**
 * Runs every suite on one model, in their order.
 *
 * @param journalOf opens the journal for the finished units of a suite, by its index; it is closed when the suite ends.
 * Without it nothing is stored
 * @throws what a suite throws; `signal.reason` when aborted
 */
export async function runSuites(
  model: LanguageModel,
  suites: readonly EvalSuite[],
  { seed, resolvePath, progress, signal, label }: SuiteContext,
  journalOf?: (index: number) => Promise<Journal>
): Promise<EvalResult[]> {
  const results: EvalResult[] = []
  const named: EvalContext['progress'] =
    label === undefined ? progress : event => progress?.({ ...event, task: `${label}: ${event.task}` })
  for (const [i, suite] of suites.entries()) {
    signal?.throwIfAborted()
    const journal = await journalOf?.(i)
    try {
      const context = { seed, resolvePath, progress: named, signal, remember: journal?.remember }
      results.push(await suite.run(model, context))
    } finally {
      await journal?.close()
    }
  }
  return results
}

/** Arguments of {@link recordEvaluations}. */
export interface RecordOptions {
  /** Creates the suites. */
  readonly registry: Pick<Registry, 'resolveUnknown' | 'find'>
  /** Opens the model, when the first suite runs; it is disposed at the end. */
  readonly open: () => Promise<LanguageModel>
  /** Executor that runs the model. */
  readonly executor: { readonly name: string; readonly device: string }
  /** How its weights lie in memory, where not in float32, and how far off that is, once the model is open. */
  readonly weights?: { readonly type: string; readonly relativeError: () => number } | undefined
  /** Hugging Face model folder. */
  readonly folder: string
  /** Name of the model in results; default the folder as given. */
  readonly name?: string | undefined
  readonly suites: readonly PluginReference[]
  readonly seed: number
  readonly resolvePath: (path: string) => string
  /** Gives the file for the record of each suite; without it nothing is stored. */
  readonly fileOf?: ((index: number) => string) | undefined
  readonly progress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Evaluates a model by suites, also at lengths beyond its window, to show how it fails there. With files, finished work
 * is not repeated: a finished record is read, and an interrupted evaluation continues from its journal,
 * `<file>.journal`. Two processes never write one record, and a file that is not a record is never overwritten.
 *
 * @throws SkipwiseError `EVAL_OUTPUT`, `RESULT_IN_USE`, and what opening the model, the suites and writing throw;
 * `signal.reason` when aborted
 */
export async function recordEvaluations({
  registry,
  open,
  executor,
  weights,
  folder,
  name = folder,
  suites: given,
  seed,
  resolvePath,
  fileOf,
  progress,
  signal
}: RecordOptions): Promise<EvaluationRecord[]> {
  const suites = suitesWithTokenCounts(registry, given)
  const files = suites.flatMap((_, i) => fileOf?.(i) ?? [])
  for (const file of files) await checkRecordFile(file)
  const made = suites.map(reference => registry.resolveUnknown('eval-suite', reference))
  // checked first: hours of work must not end in a file that cannot be written
  if (fileOf) for (const i of suites.keys()) await checkPlace(fileOf(i))
  const run = await settingOf({ seed, folder, executor })
  const records: EvaluationRecord[] = []
  let model: ReturnType<typeof open> | undefined
  try {
    for (const [i, suite] of made.entries()) {
      const file = fileOf?.(i)
      const { key, data } = await identityOf(suites[i], { run, name, weights: weights?.type, resolvePath })
      const release = file === undefined ? undefined : await lockRecord(file)
      let journal: Journal | undefined
      try {
        const known = file === undefined ? undefined : await readRecord(file)
        if (known?.run?.key === key && known.run.sha256 !== undefined) {
          if (file !== undefined && !isSealed(known)) throw damagedState(file, 'its digest does not match its content')
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
        const stored = weights && { weights: { type: weights.type, relativeError: weights.relativeError() } }
        const record = sealed({ ...result, run: { key, data, ...run, ...stored } })
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
