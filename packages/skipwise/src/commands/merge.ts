import { mergeShards } from '@skipwise/evaluation'
import { describeLanguageModel } from '@skipwise/experiment'
import { locateModel } from '@skipwise/hub'
import { relative, resolve } from 'node:path'
import { loadParts } from '../parts.js'
import type { Terminal } from '../terminal.js'
import { show } from './eval.js'

/** Options of `skipwise merge`. */
export interface MergeCommandOptions {
  readonly output: string
  readonly model?: string
  readonly base: string
}

/** `skipwise merge SHARDS --output FILE`: the result that one process would have written. */
export async function merge(
  files: readonly string[],
  { output, model, base }: MergeCommandOptions,
  terminal: Terminal
): Promise<number> {
  const { progress, signal } = terminal
  const parts = await loadParts([process.cwd()])
  const folder = model === undefined ? undefined : await locateModel(model, { progress, signal })
  const record = await mergeShards(files, {
    registry: parts.registry,
    describe: (at, name) => describeLanguageModel(at, parts, name),
    folder,
    resolvePath: path => resolve(base, path),
    output,
    progress,
    signal
  })
  if (terminal.json) terminal.result(record)
  else
    show(record, parts.registry.resolveUnknown('eval-suite', { name: record.suite, config: record.config }), terminal)
  terminal.say(`Result: ${relative(process.cwd(), output)}`)
  return 0
}
