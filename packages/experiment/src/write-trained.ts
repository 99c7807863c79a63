import type { ProgressListener } from '@skipwise/core'
import { MetricsLog } from '@skipwise/training'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Experiment } from './resolve/experiment.js'
import type { TrainingSummary } from './result.js'
import type { TrainedElsewhere } from './trained-elsewhere.js'
import { writeModelFolder } from './write-model-folder.js'

/**
 * Writes what another program has trained as a run of our own leaves it: model folder, adapter, figures of every step.
 *
 * @param metrics name of the folder of figures, in the state folder and in `folder`
 * @throws SkipwiseError what reading the weights and writing throw
 */
export async function writeTrained(
  experiment: Experiment,
  elsewhere: TrainedElsewhere,
  folder: string,
  metrics: string,
  progress?: ProgressListener
): Promise<TrainingSummary> {
  const { options, exampleLength, stateFolder } = experiment
  const { steps, tokensPerSecond, engine, processes, versions } = elsewhere
  const log = new MetricsLog(join(stateFolder, metrics))
  for (const { step, time, ...figures } of steps) {
    const numbers = Object.entries(figures).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
    log.write(step, Object.fromEntries(numbers), new Date(time))
  }
  await writeModelFolder(folder, experiment, elsewhere, progress)
  await cp(join(stateFolder, metrics), join(folder, metrics), { recursive: true })
  return {
    steps: options.steps,
    tokens: options.steps * options.batch * exampleLength,
    losses: steps.map(({ loss }) => loss),
    tokensPerSecond,
    strategy: 'whole',
    peakMemoryMB: process.resourceUsage().maxRSS / 1024,
    elsewhere: { engine, processes, versions }
  }
}
