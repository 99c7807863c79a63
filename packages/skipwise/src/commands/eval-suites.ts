import type { PluginReference } from '@skipwise/core'
import { join } from 'node:path'
import type { Collaborators, WeightType } from '@skipwise/experiment'
import { withLengths, lengthsBeyond, type ShardOf } from '@skipwise/evaluation'
import { usageError } from '../errors.js'
import type { Terminal } from '../terminal.js'

/** Options of `skipwise eval`. */
export interface EvalOptions {
  readonly model?: string | undefined
  readonly config: string
  readonly executor: string
  readonly weights?: WeightType | undefined
  readonly seed: number
  readonly output?: string | undefined
  readonly checkpoints?: string | undefined
  readonly compare?: readonly string[] | undefined
  readonly shards?: number | undefined
  readonly shard?: number | undefined
}

/** Which suites, and what paths in their configurations are relative to. */
export interface SuiteSetting {
  readonly suites: readonly PluginReference[]
  readonly base: string
}

/** The file of a suite's record in a folder. */
export const recordFile = (folder: string, suites: readonly PluginReference[], index: number): string =>
  join(folder, `${suites.length > 1 ? `${index + 1}-` : ''}${suites[index].name.replaceAll('/', '-')}.json`)

/**
 * Suites with lengths where they must have some, by the window of a model; what is beyond that window is said before
 * hours of work.
 */
export function suitesFor(
  suites: readonly PluginReference[],
  { registry }: Collaborators,
  window: number,
  { note }: Pick<Terminal, 'note'>
): PluginReference[] {
  return suites.map(given => {
    const suite = withLengths(given, registry, window)
    const beyond = lengthsBeyond(suite, window)
    if (beyond.length > 0)
      note(
        `${suite.name} measures at ${beyond.join(', ')} tokens, beyond the model's window of ${window}: it shows how the model fails there`
      )
    return suite
  })
}

/** The shard that options ask for, undefined for the whole evaluation. @throws SkipwiseError `CLI_USAGE` */
export function shardOf({ shard, shards, output, checkpoints, compare }: EvalOptions): ShardOf | undefined {
  if (shard === undefined && shards === undefined) return undefined
  if (shard === undefined || shards === undefined)
    throw usageError('CLI_USAGE', '--shard and --shards belong together', 'write for instance --shards 8 --shard 1')
  if (shard > shards)
    throw usageError('CLI_USAGE', `there is no shard ${shard} of ${shards}`, `use --shard 1 to ${shards}`)
  if (checkpoints !== undefined || compare !== undefined)
    throw usageError('CLI_USAGE', 'shards are of the evaluation of one model', 'remove --checkpoints or --compare')
  if (output === undefined)
    throw usageError('CLI_USAGE', 'missing option: --output', 'add a file for the shard, another one for each')
  return { shard, shards }
}
