import type { PluginReference } from '@skipwise/core'
import { metricTable, type EvaluationRecord } from '@skipwise/evaluation'
import { evaluateFolder, evaluateShard, openModelFolder, readSuites } from '@skipwise/experiment'
import { locateModel } from '@skipwise/hub'
import { renderTable } from '@skipwise/report'
import { relative, resolve } from 'node:path'
import { type EvalOptions, type SuiteSetting, recordFile, shardOf, suitesFor } from './eval-suites.js'
import { colours } from '../colours.js'
import { usageError } from '../errors.js'
import { loadParts, openExecutor, parseJson } from '../parts.js'
import type { Terminal } from '../terminal.js'

/**
 * `skipwise eval SUITE --model FOLDER`, `skipwise eval SUITE --checkpoints RUN` and `skipwise eval --compare A B`.
 * Lengths beyond the model's window are allowed: they show how it fails there.
 */
export async function evaluate(suite: string | undefined, options: EvalOptions, terminal: Terminal): Promise<number> {
  shardOf(options)
  if (options.compare) {
    if (suite !== undefined || options.compare.length !== 2)
      throw usageError(
        'CLI_USAGE',
        '--compare takes two results, and no suite',
        'write skipwise eval --compare A B, files of results or folders of runs'
      )
    return (await import('./eval-compare.js')).compareFiles(options.compare[0], options.compare[1], terminal)
  }
  if (suite === undefined)
    throw usageError(
      'CLI_USAGE',
      'missing argument: suite',
      'pass one, or a .yaml file with a list of them: see `skipwise plugins`'
    )
  const suites: PluginReference[] = /\.ya?ml$/i.test(suite)
    ? await readSuites(suite)
    : [{ name: suite, config: parseJson(options.config, '--config') }]
  const setting = { suites, base: /\.ya?ml$/i.test(suite) ? resolve(suite, '..') : process.cwd() }
  if (options.checkpoints !== undefined)
    return (await import('./eval-checkpoints.js')).evaluateCheckpoints(options.checkpoints, setting, options, terminal)
  if (options.model === undefined)
    throw usageError(
      'CLI_USAGE',
      'missing option: --model',
      'add --model with a Hugging Face model folder, or hub:owner/name'
    )
  return evaluateModel(options.model, setting, options, terminal)
}

async function evaluateModel(
  model: string,
  { suites: given, base }: SuiteSetting,
  options: EvalOptions,
  terminal: Terminal
): Promise<number> {
  const { executor: name, weights, seed, output } = options
  const shard = shardOf(options)
  const folder = await locateModel(model, { progress: terminal.progress, signal: terminal.signal })
  const parts = await loadParts([process.cwd()])
  const {
    model: { geometry }
  } = await openModelFolder(folder, parts)
  const suites = suitesFor(given, parts, geometry.maxPositionEmbeddings, terminal)
  const made = suites.map(reference => parts.registry.resolveUnknown('eval-suite', reference))
  const executor = await openExecutor(parts.registry, name)
  // a list, or what is named as a folder
  const fileOf = (index: number) =>
    suites.length > 1 || output?.endsWith('/') ? recordFile(output as string, suites, index) : (output as string)
  try {
    const { progress, signal } = terminal
    const setting = {
      parts,
      executor,
      weights,
      folder,
      name: model,
      suites,
      seed,
      resolvePath: (path: string) => resolve(base, path),
      progress,
      signal,
      fileOf: output === undefined ? undefined : fileOf
    }
    if (shard) {
      const parts = await evaluateShard(setting, shard)
      if (terminal.json) terminal.result(suites.length > 1 ? parts : parts[0])
      for (const [i, { units, plan }] of parts.entries())
        terminal.say(
          `Shard ${shard.shard} of ${shard.shards}: ${units.length} of ${plan.units} units, in ${relative(process.cwd(), fileOf(i))}`
        )
      return 0
    }
    const records = await evaluateFolder(setting)
    if (terminal.json) terminal.result(suites.length > 1 ? records : records[0])
    else records.forEach((record, i) => show(record, made[i], terminal))
    if (output !== undefined)
      for (const i of suites.keys()) terminal.say(`Result: ${relative(process.cwd(), fileOf(i))}`)
  } finally {
    await executor.dispose()
  }
  return 0
}

export function show(record: EvaluationRecord, suite: Parameters<typeof metricTable>[0], { say }: Terminal): void {
  const window = (record.details as { maxLength?: number } | undefined)?.maxLength ?? 1
  const { headers, rows, others } = metricTable(suite, record, window)
  say(colours.bold(`${record.suite}: ${record.model}`))
  if (rows.length) say(renderTable(headers, rows, 'text'))
  for (const [name, value] of others) say(`${name}: ${value}`)
}
