import { checkPlace, digestOfJson, writeJsonAtomic } from '@skipwise/checkpoints'
import { SkipwiseError, type EvalSuite, type LanguageModel } from '@skipwise/core'
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { openJournal } from './journal.js'
import { lockRecord, sealed } from './record-file.js'
import { identityOf, settingOf } from './record-identity.js'
import type { RecordOptions } from './record.js'
import { suitesWithTokenCounts } from './token-count.js'
import { readShard, shardError, type EvaluationShard, type ShardOf } from './shard-file.js'

/**
 * Computes one shard of an evaluation by each suite, and writes it. Unit number i of a suite's plan belongs to shard
 * i mod `shards` + 1: borders depend on the plan alone, and long and short units are spread. A finished shard is not
 * computed again, an interrupted one goes on from its journal.
 *
 * @param options `fileOf` is needed
 * @throws SkipwiseError `EVAL_SHARD` for a suite that has no shards, `EVAL_OUTPUT`, `RESULT_IN_USE`, and what opening
 * the model, the suites and writing throw; `signal.reason` when aborted
 */
export async function recordShards(options: RecordOptions, of: ShardOf): Promise<EvaluationShard[]> {
  const { registry, suites: given, folder, name = folder, seed, resolvePath, executor, weights, fileOf } = options
  const suites = suitesWithTokenCounts(registry, given)
  if (!fileOf) throw new TypeError('a shard needs a file')
  const made = suites.map(reference => registry.resolveUnknown('eval-suite', reference))
  for (const i of suites.keys()) {
    await checkShardFile(fileOf(i))
    await checkPlace(fileOf(i))
  }
  const run = await settingOf({ seed, folder, executor })
  let model: Promise<LanguageModel> | undefined
  const shards: EvaluationShard[] = []
  try {
    for (const [i, suite] of made.entries()) {
      const file = fileOf(i)
      const identity = await identityOf(suites[i], { run, name, weights: weights?.type, resolvePath })
      const release = await lockRecord(file)
      try {
        const known = await readShard(file).catch(() => undefined)
        if (known?.run.key === identity.key && known.shard === of.shard && known.shards === of.shards) {
          shards.push(known)
          continue
        }
        const computed = await computeShard(suite, await (model ??= options.open()), options, of, {
          file: `${file}.journal`,
          key: digestOfJson([identity.key, of.shard, of.shards])
        })
        const stored = weights && { weights: { type: weights.type, relativeError: weights.relativeError() } }
        const shard: EvaluationShard = sealed({
          version: 1 as const,
          kind: 'shard of an evaluation' as const,
          ...of,
          suite: { name: suites[i].name, config: suites[i].config ?? {} },
          model: name,
          plan: computed.plan,
          units: computed.units,
          run: { ...identity, ...run, ...stored }
        })
        await mkdir(dirname(file), { recursive: true })
        await writeJsonAtomic(file, shard)
        await computed.remove()
        shards.push(shard)
      } finally {
        await release()
      }
    }
    return shards
  } finally {
    await model?.then(
      opened => opened.dispose(),
      () => undefined
    )
  }
}

/** The units of a shard, and what removes its journal. */
async function computeShard(
  suite: EvalSuite,
  model: LanguageModel,
  { seed, resolvePath, progress, signal }: RecordOptions,
  { shard, shards }: ShardOf,
  kept: { readonly file: string; readonly key: string }
): Promise<Pick<EvaluationShard, 'plan' | 'units'> & { remove(): Promise<void> }> {
  const journal = await openJournal(kept.file, kept.key)
  const plan: string[] = []
  const units: (readonly [number, string, unknown])[] = []
  const isMine = () => (plan.length - 1) % shards === shard - 1
  try {
    await suite.run(model, {
      seed,
      resolvePath,
      progress,
      signal,
      only: unit => {
        plan.push(unit)
        return isMine()
      },
      remember: async (unit, compute) => {
        if (plan.at(-1) !== unit || !isMine()) throw unsupported()
        const value = await journal.remember(unit, compute)
        units.push([plan.length - 1, unit, value])
        return value
      }
    })
    if (plan.length === 0) throw unsupported()
  } catch (error) {
    await journal.close()
    throw error
  }
  return { plan: { units: plan.length, sha256: digestOfJson(plan) }, units, remove: () => journal.remove() }
}

const unsupported = () =>
  shardError(
    'the suite computes units that it was not asked for',
    'evaluate without --shards: a suite supports them by asking `only` for every unit'
  )

/** Accepts a missing file or a shard. @throws SkipwiseError `EVAL_OUTPUT` */
async function checkShardFile(file: string): Promise<void> {
  const isThere = await stat(file).then(
    () => true,
    () => false
  )
  if (!isThere || (await readShard(file).catch(() => undefined))) return
  throw new SkipwiseError('EVAL_OUTPUT', {
    problem: `${file} exists and is not a shard of an evaluation`,
    fix: 'choose another file'
  })
}
