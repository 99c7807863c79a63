import { openClusterRun, readClusterRun } from '@skipwise/cluster'
import { runExperiment } from '@skipwise/experiment'
import { join } from 'node:path'
import { usageError } from '../errors.js'
import { prepare } from '../run-recipe.js'
import type { Terminal } from '../terminal.js'
import { finish, showResults, showTraining } from './experiment.js'

/** Options of `skipwise import`. */
export interface ImportCommandOptions {
  readonly recipe?: string
  readonly output?: string
}

/** `skipwise import RUN`: what a cluster has trained, written and evaluated as a run of our own. */
export async function importRun(
  folder: string,
  { recipe: given, output }: ImportCommandOptions,
  terminal: Terminal
): Promise<number> {
  const { progress, signal } = terminal
  const cluster = await openClusterRun(folder)
  const { recipeFile } = cluster.run
  const recipe = given ?? (recipeFile === undefined ? undefined : join(cluster.exported, recipeFile))
  if (recipe === undefined)
    throw usageError('CLI_USAGE', 'run.json does not name a recipe file', 'pass it with --recipe')
  const prepared = await prepare(cluster.run.kind, recipe, { output, progress, signal })
  const trained = await readClusterRun(cluster, prepared).catch(async (error: unknown) => {
    await prepared.state.release()
    throw error
  })
  try {
    const hooks = {
      progress,
      signal,
      onBase: (results: Parameters<typeof showResults>[2][number]) =>
        showResults(
          `Base model, made for ${prepared.source.model.geometry.maxPositionEmbeddings} tokens`,
          prepared,
          [results],
          terminal
        ),
      onTrained: (training: Parameters<typeof showTraining>[0]) => showTraining(training, terminal)
    }
    await finish(prepared, await runExperiment(prepared, hooks, trained), terminal)
  } finally {
    await trained.close()
  }
  return 0
}
