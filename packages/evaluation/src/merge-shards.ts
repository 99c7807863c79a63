import { checkPlace, digestOfJson, writeJsonAtomic } from '@skipwise/checkpoints'
import type { LanguageModel, ProgressListener, Registry } from '@skipwise/core'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { digestOfModel, digestOfNamedFiles } from './digests.js'
import { checkRecordFile, lockRecord, sealed, type EvaluationRecord } from './record-file.js'
import { version } from './record-identity.js'
import { readShard, shardError, type EvaluationShard } from './shard-file.js'

/** Arguments of {@link mergeShards}. */
export interface MergeOptions {
  /** Creates the suite. */
  readonly registry: Pick<Registry, 'resolveUnknown'>
  /** The model as the suite sees it; it computes nothing. */
  readonly describe: (folder: string, name: string) => Promise<LanguageModel>
  /** Folder of the model; default the one that the shards name. */
  readonly folder?: string | undefined
  readonly resolvePath: (path: string) => string
  /** File for the record; without it nothing is stored. */
  readonly output?: string | undefined
  readonly progress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
}

interface ShardInFile {
  readonly file: string
  readonly shard: EvaluationShard
}

/**
 * Puts the shards of an evaluation together: the suite runs again with every unit remembered, so that the record is the
 * one that a single process writes, bit for bit.
 *
 * @param files of one suite, in any order; a shard may be given twice with the same content
 * @throws SkipwiseError `EVAL_SHARD` for shards that are missing, damaged, of another evaluation or executor, or that
 * have two answers, and for a model or data that are others now; `EVAL_OUTPUT`, `RESULT_IN_USE`
 */
export async function mergeShards(files: readonly string[], options: MergeOptions): Promise<EvaluationRecord> {
  const { registry, describe, resolvePath, output, progress, signal } = options
  if (output !== undefined) {
    await checkRecordFile(output)
    await checkPlace(output)
  }
  const given: ShardInFile[] = []
  for (const file of files) given.push({ file, shard: await readShard(file) })
  const units = unitsOf(given)
  const { suite: reference, model: name, run } = given[0].shard
  const { sha256: _, ...setting } = run
  const folder = options.folder ?? run.model.folder
  await checkInputs(given[0], folder, resolvePath)
  const used = new Set<string>()
  const result = await registry.resolveUnknown('eval-suite', reference).run(await describe(folder, name), {
    seed: run.seed,
    resolvePath,
    progress,
    signal,
    remember: async <Value>(unit: string): Promise<Value> => {
      if (!units.has(unit)) throw shardError(`no shard has the unit '${unit}'`, 'compute all shards of one evaluation')
      used.add(unit)
      return units.get(unit) as Value
    }
  })
  const spare = [...units.keys()].find(unit => !used.has(unit))
  if (spare !== undefined)
    throw shardError(`the suite has no unit '${spare}'`, 'merge with the version that computed the shards')
  const record = sealed({ ...result, run: setting })
  if (output !== undefined) await write(output, record)
  return record
}

async function write(output: string, record: EvaluationRecord): Promise<void> {
  await mkdir(dirname(output), { recursive: true })
  const release = await lockRecord(output)
  try {
    await writeJsonAtomic(output, record)
  } finally {
    await release()
  }
}

/** What all shards of an evaluation have in common, in the words of an error. */
const COMMON: readonly (readonly [string, (shard: EvaluationShard) => unknown])[] = [
  ['are of two suites or configurations', ({ suite }) => suite],
  ['are of two models', ({ model, run }) => [model, run.model.sha256]],
  ['are of other data', ({ run }) => run.data],
  ['have two seeds', ({ run }) => run.seed],
  ['are of two versions', ({ run }) => run.versions],
  ['were computed by two executors, whose last bits may differ', ({ run }) => run.executor],
  ['have weights in two types', ({ run }) => run.weights ?? null],
  ['are of different numbers of shards', ({ shards }) => shards],
  ['have two plans', ({ plan }) => plan]
]

/** Every unit by its key. @throws SkipwiseError `EVAL_SHARD` */
function unitsOf(given: readonly ShardInFile[]): Map<string, unknown> {
  const [first] = given
  const { shards, plan } = first.shard
  const byNumber = new Map<number, ShardInFile>()
  for (const each of given) {
    for (const [words, of] of COMMON) {
      if (digestOfJson(of(each.shard)) !== digestOfJson(of(first.shard)))
        throw shardError(`${first.file} and ${each.file} ${words}`, 'pass the shards of one evaluation')
    }
    const other = byNumber.get(each.shard.shard)
    if (other && other.shard.run.sha256 !== each.shard.run.sha256)
      throw shardError(
        `${other.file} and ${each.file} are both shard ${each.shard.shard} of ${shards}, with different results`,
        'find out which machine computes otherwise, and pass one of the two'
      )
    byNumber.set(each.shard.shard, each)
  }
  const missing = Array.from({ length: shards }, (_, i) => i + 1).filter(number => !byNumber.has(number))
  if (missing.length > 0)
    throw shardError(
      `of ${shards} shards, ${missing.slice(0, 10).join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing`,
      'compute them by skipwise eval --shard, or pass their files'
    )
  const places = [...byNumber.values()].flatMap(({ file, shard: { units } }) => units.map(unit => ({ file, unit })))
  places.sort((a, b) => a.unit[0] - b.unit[0])
  const wrong = places.findIndex(({ unit: [place] }, i) => place !== i)
  if (wrong >= 0 || places.length !== plan.units)
    throw shardError(
      `the shards have ${places.length} units, and their plan ${plan.units}${wrong >= 0 ? ` (${places[wrong].file} at unit ${wrong + 1})` : ''}`,
      'compute the shards again'
    )
  if (digestOfJson(places.map(({ unit: [, key] }) => key)) !== plan.sha256)
    throw shardError(`the units of ${first.file} and the others are not those of their plan`, 'compute them again')
  return new Map(places.map(({ unit: [, key, value] }) => [key, value]))
}

/** Model, data and program are those of the shards. */
async function checkInputs(
  { file, shard: { run, suite } }: ShardInFile,
  folder: string,
  resolvePath: (path: string) => string
): Promise<void> {
  if (run.versions['skipwise'] !== version)
    throw shardError(
      `${file} was computed by Skipwise ${run.versions['skipwise']}, and this is ${version}`,
      'merge with the version that computed the shards'
    )
  if ((await digestOfModel(folder)) !== run.model.sha256)
    throw shardError(`${folder} is not the model that ${file} was computed with`, 'pass its folder with --model')
  if ((await digestOfNamedFiles(suite.config, resolvePath)) !== run.data)
    throw shardError(
      `the data that ${file} names are not those that it was computed with`,
      'pass the folder that their paths are relative to with --base'
    )
}
