import { readNamedFile } from '@skipwise/checkpoints'
import { SkipwiseError, type PluginReference } from '@skipwise/core'
import { z } from 'zod'
import { isSealed, type EvaluationRecord } from './record-file.js'

/** Which shard of how many. */
export interface ShardOf {
  /** From 1. */
  readonly shard: number
  readonly shards: number
}

/** Units of an evaluation that one process computed: those of every `of`-th place in the plan of the suite. */
export interface EvaluationShard {
  readonly version: 1
  readonly kind: 'shard of an evaluation'
  readonly shard: number
  readonly shards: number
  /** The suite as it was given. */
  readonly suite: PluginReference
  /** Name of the model in results. */
  readonly model: string
  /** Units of the whole evaluation, and the digest of their keys in their order. */
  readonly plan: { readonly units: number; readonly sha256: string }
  /** Place in the plan, key, and what was computed. */
  readonly units: readonly (readonly [number, string, unknown])[]
  readonly run: EvaluationRecord['run']
}

const shardSchema = z.looseObject({
  version: z.literal(1),
  kind: z.literal('shard of an evaluation'),
  shard: z.int().min(1),
  shards: z.int().min(1),
  suite: z.object({ name: z.string(), config: z.record(z.string(), z.unknown()) }),
  model: z.string(),
  plan: z.object({ units: z.int(), sha256: z.string() }),
  units: z.array(z.tuple([z.int(), z.string(), z.unknown()])),
  run: z.looseObject({
    // the order is that of a record, which is written with these keys
    key: z.string(),
    data: z.string(),
    seed: z.int(),
    model: z.object({ folder: z.string(), sha256: z.string() }),
    executor: z.string(),
    versions: z.record(z.string(), z.string()),
    weights: z.object({ type: z.string(), relativeError: z.number() }).exactOptional(),
    sha256: z.string()
  })
})

/** An `EVAL_SHARD`. */
export const shardError = (problem: string, fix: string, cause?: unknown): SkipwiseError =>
  new SkipwiseError('EVAL_SHARD', { problem, fix, cause })

/**
 * A shard that `skipwise eval --shard` wrote.
 *
 * @throws SkipwiseError `EVAL_SHARD` when it is missing, not a shard, or has changed since it was written,
 * `FILE_REFUSED`
 */
export async function readShard(file: string): Promise<EvaluationShard> {
  const bytes = await readNamedFile(file, 'result')
  if (bytes === undefined) throw shardError(`${file} does not exist`, 'compute it by skipwise eval --shard')
  const json = jsonOf(bytes)
  const parsed = shardSchema.safeParse(json)
  if (!parsed.success)
    throw shardError(`${file} is not a shard of an evaluation`, 'pass files that skipwise eval --shard wrote')
  if (!isSealed(parsed.data))
    throw shardError(`${file} has changed since it was written`, 'compute the shard again, or copy it again')
  return parsed.data
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
