import { SkipwiseError, withoutUndefined } from '@skipwise/core'
import { readNamedFile } from '@skipwise/checkpoints'
import type { Experiment } from '@skipwise/experiment'
import { learningRateAt, trainedParameters } from '@skipwise/training'
import { join } from 'node:path'
import { z } from 'zod'
import type { ExampleFile } from './example-files.js'
import type { RopeTable } from './rope-table.js'

/** Name of the file that train.py takes all its settings from. */
export const RUN_FILE = 'run.json'

const count = z.int().min(1)

/** What {@link RUN_FILE} says. */
const runFileSchema = z.looseObject({
  version: z.literal(1),
  /** Digest of recipe, model and data: of everything that decides the weights. */
  runKey: z.string(),
  kind: z.enum(['extend', 'train']),
  /** The recipe file, relative to the folder, where there was one. */
  recipeFile: z.string().exactOptional(),
  recipe: z.unknown(),
  steps: count,
  /** Rows of a step. */
  batch: count,
  /** Rows at once on a process, at most, where the batch can be divided so. */
  microBatch: count,
  /** T: tokens of a row. */
  length: count,
  vocabulary: count,
  /** Learning rate of every step. */
  rates: z.array(z.number()),
  beta1: z.number(),
  beta2: z.number(),
  epsilon: z.number(),
  /** Of matrices; vectors have none. */
  weightDecay: z.number(),
  maxGradientNorm: z.number(),
  checkpointEvery: count,
  seed: z.int(),
  attention: z.string(),
  lora: z.boolean(),
  /** Parameters that stay, by name; with adapters train.py freezes by PEFT. */
  frozen: z.array(z.string()),
  rope: z.object({ scheme: z.string(), checked: z.boolean() }),
  data: z.object({ digest: z.string() }),
  files: z.array(z.object({ name: z.string(), rows: count, sha256: z.string() }))
})

/** A parsed `run.json`. */
export type RunFile = z.output<typeof runFileSchema>

/** The settings of a run. */
export function runFileOf(
  { options, recipe, runKey, kind, source, exampleLength, dataDigest, config }: Experiment,
  table: RopeTable,
  files: readonly ExampleFile[],
  recipeFile: string | undefined
): RunFile {
  const { steps, batch, microBatch, beta1, beta2, epsilon, weightDecay, maxGradientNorm, checkpointEvery } = options
  const { frozen } = trainedParameters(source.model, options)
  return withoutUndefined({
    version: 1 as const,
    runKey,
    kind,
    recipeFile,
    steps,
    batch,
    microBatch,
    length: exampleLength,
    vocabulary: source.model.geometry.vocabSize,
    beta1,
    beta2,
    epsilon,
    weightDecay,
    maxGradientNorm,
    checkpointEvery,
    seed: recipe.train.seed ?? recipe.seed,
    // transformers leaves a cap of scores out of its fast attention
    attention: typeof config['attn_logit_softcapping'] === 'number' ? 'eager' : 'sdpa',
    lora: options.lora !== undefined,
    frozen: options.lora ? [] : frozen.map(({ name }) => name),
    rope: { scheme: table.scheme, checked: table.isStatic },
    data: { digest: dataDigest },
    files: [...files],
    recipe,
    rates: Array.from({ length: steps }, (_, step) => learningRateAt(step, options))
  })
}

/** @throws SkipwiseError `CLUSTER_RUN`, `FILE_REFUSED` */
export async function readRunFile(folder: string): Promise<RunFile | undefined> {
  const file = join(folder, RUN_FILE)
  const bytes = await readNamedFile(file, 'settings')
  return bytes && parseFile(runFileSchema, bytes, file)
}

/** JSON of a file of a run. @throws SkipwiseError `CLUSTER_RUN` */
export function parseFile<Value>(schema: z.ZodType<Value>, bytes: Uint8Array, file: string): Value {
  const wrong = (what: string, cause?: unknown) =>
    new SkipwiseError('CLUSTER_RUN', { problem: `${file} ${what}`, fix: 'copy the folder of the run again', cause })
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw wrong('is not JSON', cause)
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  throw wrong(`is not as it was written (at ${parsed.error.issues[0].path.map(String).join('.') || 'its root'})`)
}
