import { readFolderFile } from '@skipwise/checkpoints'
import { SkipwiseError } from '@skipwise/core'
import type { TrainedElsewhere } from '@skipwise/experiment'
import { join } from 'node:path'
import { z } from 'zod'
import type { RunFile } from './run-file.js'

const lineSchema = z.object({
  step: z.int().min(1),
  loss: z.number(),
  gradientNorm: z.number(),
  learningRate: z.number(),
  /** Seconds since 1970. */
  time: z.number()
})

/**
 * The figures of every step of a run, from `losses.jsonl`. A run that was killed writes the steps after its last
 * checkpoint again: the last line of a step counts.
 *
 * @throws SkipwiseError `CLUSTER_UNFINISHED`, `FILE_REFUSED`, and `CLUSTER_RUN` for a rate that is not the export's
 */
export async function readLosses(
  folder: string,
  { steps, rates }: Pick<RunFile, 'steps' | 'rates'>
): Promise<TrainedElsewhere['steps']> {
  const file = join(folder, 'losses.jsonl')
  const text = new TextDecoder().decode((await readFolderFile(folder, 'losses.jsonl')) ?? new Uint8Array())
  const lines = new Map<number, z.output<typeof lineSchema>>()
  for (const line of text.split('\n')) {
    const parsed = lineSchema.safeParse(jsonOf(line)).data
    if (parsed) lines.set(parsed.step, parsed)
  }
  return Array.from({ length: steps }, (_, i) => {
    const line = lines.get(i + 1)
    if (!line)
      throw new SkipwiseError('CLUSTER_UNFINISHED', {
        problem: `${file} has no loss of step ${i + 1} of ${steps}`,
        fix: 'start train.py again: it goes on from its last checkpoint'
      })
    const { time, ...figures } = line
    if (Math.abs(line.learningRate - rates[i]) > 1e-9 * Math.abs(rates[i]))
      throw new SkipwiseError('CLUSTER_RUN', {
        problem: `${file}: the rate of step ${i + 1} was ${line.learningRate}, and run.json says ${rates[i]}`,
        fix: 'run train.py as it was exported'
      })
    return { ...figures, time: new Date(time * 1000).toISOString() }
  })
}

/** JSON of a line; a killed process may leave half of one. */
function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
