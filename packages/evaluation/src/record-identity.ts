import { createRequire } from 'node:module'
import { digestOfJson } from '@skipwise/checkpoints'
import type { PluginReference } from '@skipwise/core'
import { digestOfModel, digestOfNamedFiles } from './digests.js'
import type { EvaluationRecord } from './record-file.js'

/** The version of this package, which all packages of a release share. */
export const version: string = (createRequire(import.meta.url)('../package.json') as { version: string }).version

/** What all suites of an evaluation have in common. */
type EvaluationSetting = Pick<EvaluationRecord['run'], 'seed' | 'model' | 'executor' | 'versions'>

/** The setting of an evaluation here and now. */
export const settingOf = async ({
  seed,
  folder,
  executor
}: {
  readonly seed: number
  readonly folder: string
  readonly executor: { readonly name: string; readonly device: string }
}): Promise<EvaluationSetting> => ({
  seed,
  model: { folder, sha256: await digestOfModel(folder) },
  executor: `${executor.name}: ${executor.device}`,
  versions: { skipwise: version, node: process.versions.node }
})

/** What decides the numbers of one suite, besides the suite. */
interface IdentityParts {
  readonly run: EvaluationSetting
  /** Name of the model in results. */
  readonly name: string
  /** How weights lie in memory, where not in float32. */
  readonly weights: string | undefined
  readonly resolvePath: (path: string) => string
}

/** Digest of everything that determines the numbers of a suite, and of the files that its configuration names. */
export async function identityOf(
  { name: suite, config }: PluginReference,
  { run, name, weights, resolvePath }: IdentityParts
): Promise<{ readonly key: string; readonly data: string }> {
  const data = await digestOfNamedFiles(config, resolvePath)
  const { seed, model, executor, versions } = run
  const key = digestOfJson([
    suite,
    config ?? {},
    data,
    name,
    seed,
    model.sha256,
    executor,
    versions,
    ...(weights === undefined ? [] : [weights])
  ])
  return { key, data }
}
