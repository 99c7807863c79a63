import { tokenCount } from '@skipwise/evaluation'
import { z } from 'zod'
import { referenceSchema } from './reference-schema.js'
import { trainingMethods, trainingStrategy } from './training-methods-schema.js'

/** The executor of whoever names none: recipes, commands and functions. */
export const DEFAULT_EXECUTOR = 'onnx'

const path = z.string().min(1)
const tokens = tokenCount(2)
const positive = z.number().positive()

const dataKeys = {
  files: z
    .array(path)
    .min(1)
    .describe('files or patterns, relative to the recipe: .txt, .md, .jsonl, .json, plain or as .gz or .zst, .parquet'),
  minTokens: tokenCount(1)
    .optional()
    .describe('skip shorter documents; default: what an example needs, or 32 with pack'),
  pack: z
    .boolean()
    .optional()
    .describe('pack documents shorter than the window into one example; each attends only to itself'),
  textKey: z.string().min(1).optional().describe("key of the text in JSONL, column in Parquet; default 'text'"),
  format: z
    .enum(['text', 'prompt-completion', 'messages'])
    .optional()
    .describe(
      "'prompt-completion': records have a prompt and a completion, and only the completion is learned; 'messages': only the assistant's turns are learned, by the model's chat template; default 'text'"
    )
}

const newModel = z.strictObject({
  architecture: z.string().min(1).describe('name of an architecture plugin'),
  config: z.record(z.string(), z.unknown()).describe('keys of config.json'),
  tokenizer: path.describe('folder with the tokenizer, or hub:owner/name@revision'),
  initialize: z
    .strictObject({
      seed: z.int().min(0).optional(),
      standardDeviation: positive.optional().describe('standard deviation of random matrices; default 1/√d')
    })
    .prefault({})
    .describe('how weights are initialised')
})

const train = z.strictObject({
  steps: z.int().min(1).describe('optimizer steps'),
  batch: z.int().min(1).describe('examples per optimizer step'),
  microBatch: z.int().min(1).optional().describe('examples computed at once; divides batch'),
  strategy: trainingStrategy.optional(),
  memoryLimit: positive.optional().describe('GB that the process may use; default 90 % of what is available'),
  learningRate: positive.describe('peak learning rate'),
  finalLearningRate: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('learning rate of the last step as a fraction of the peak; default 0'),
  schedule: z.enum(['linear', 'cosine', 'constant']).optional().describe("default 'linear'"),
  warmup: z.int().min(0).optional().describe('steps of linear warm-up; default 10'),
  weightDecay: z.number().min(0).optional(),
  beta1: z.number().min(0).lt(1).optional(),
  beta2: z.number().min(0).lt(1).optional(),
  epsilon: positive.optional(),
  maxGradientNorm: positive.optional().describe('default 1'),
  checkpointEvery: z.int().min(1).optional().describe('steps between saved states; default 100'),
  seed: z.int().min(0).optional().describe('seed of training only; default: the seed of the recipe'),
  ...trainingMethods
})

/** The schema of a recipe: `skipwise extend` and `skipwise train` read the same keys. */
export const recipeSchema = z.strictObject({
  model: z
    .union([path, newModel])
    .describe('folder of a Hugging Face model, hub:owner/name@revision, or a new model with random weights'),
  window: z.strictObject({
    original: tokens.describe('tokens of a training example (L_c)'),
    target: tokens.optional().describe('window to reach (L_t); only for extend')
  }),
  interpolation: referenceSchema.optional().describe("default 'yarn' for extend; train keeps the model's own RoPE"),
  positions: referenceSchema.optional().describe("default 'pose' for extend, 'contiguous' for train"),
  data: z
    .union([
      z.strictObject(dataKeys),
      z.strictObject({
        sources: z
          .array(z.strictObject({ ...dataKeys, weight: positive.default(1).describe('share of the examples') }))
          .min(1)
      })
    ])
    .describe('training documents: files, or a mixture of sources'),
  train,
  evaluate: z.array(referenceSchema).default([]).describe('evaluation suites, for the base and the new model'),
  executor: referenceSchema.default(DEFAULT_EXECUTOR),
  dtype: z
    .enum(['float32', 'bfloat16', 'float16'])
    .optional()
    .describe("data type of the weights written; default the base model's"),
  maxShardSize: z
    .union([z.int().min(1), z.string().regex(/^\d+(\.\d+)? ?(KB|MB|GB)$/)])
    .optional()
    .describe("largest size of a weights file, for instance '2GB', or bytes; default 5GB"),
  output: path.describe('folder to write'),
  seed: z.int().min(0).default(0)
})

/** A checked recipe, with defaults that do not depend on the command filled in. */
export type Recipe = z.output<typeof recipeSchema>

/** A recipe as a user writes it in TypeScript. */
export type RecipeInput = z.input<typeof recipeSchema>

/** A plugin named in a recipe. */
export type RecipeReference = string | Record<string, unknown>

/** The JSON Schema of a recipe, for editors. */
export const recipeJsonSchema = (): Record<string, unknown> => ({
  title: 'Skipwise recipe',
  ...(z.toJSONSchema(recipeSchema, { io: 'input' }) as Record<string, unknown>)
})
