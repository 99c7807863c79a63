import { tokenCount } from '@skipwise/evaluation'
import { z } from 'zod'
import { referenceSchema } from './reference-schema.js'
import { weightTypes } from './weight-types.js'

const names = z.array(z.string().min(1)).min(1)

const chunk = tokenCount(1).optional().describe('tokens of a chunk; default 512')

/** How gradients are computed. */
export const trainingStrategy = z
  .union([
    z.enum(['auto', 'whole', 'blockwise', 'seco']),
    z.strictObject({ seco: z.strictObject({ chunk }) }),
    z.strictObject({
      spaco: z.strictObject({
        chunk,
        chunks: z.int().min(1).describe('approximate number of chunks of a sequence that go backward'),
        maxCompensation: z
          .number()
          .min(1)
          .optional()
          .describe('bound of the factor for gradients from later chunks; default none, and gradients are unbiased')
      })
    })
  ])
  .describe("how gradients are computed; default 'auto', the fastest that fits in memory")

/** How frozen weights lie in memory. */
const base = z
  .enum(weightTypes)
  .optional()
  .describe(
    'how frozen matrices lie in memory: in 16 bits as the file has them (bf16), or rounded to 8 or 4 bits; default float32'
  )

/** Keys of `train` that say what is trained, and what is watched meanwhile. */
export const trainingMethods = {
  base,
  freeze: names
    .optional()
    .describe("parameters that are not trained, by patterns of their names in which '*' matches any characters"),
  lora: z
    .strictObject({
      rank: z.int().min(1).describe('rows of A and columns of B'),
      alpha: z.number().positive().optional().describe('B·A is scaled by alpha / rank; default rank'),
      rankStabilized: z.boolean().optional().describe("B·A is scaled by alpha / √rank (rsLoRA); PEFT's use_rslora"),
      targets: z
        .union([names, z.literal('all-linear')])
        .describe("last parts of the names of the adapted modules, such as q_proj, or 'all-linear'"),
      alsoTrain: names
        .optional()
        .describe(
          "ends of the names of modules that are trained in full, such as embed_tokens and norm; PEFT's modules_to_save"
        )
    })
    .optional()
    .describe(
      'train low-rank adapters; the model is written with them merged, and adapter/ has them in the format of PEFT'
    ),
  ema: z
    .strictObject({ decay: z.number().gt(0).lt(1).describe('weight of the average so far at each step') })
    .optional()
    .describe('write the exponential moving average of the weights instead of the last ones'),
  guard: z
    .strictObject({
      loss: z.number().gt(1).optional().describe('a loss above this times the median of the steps before is a spike'),
      gradientNorm: z
        .number()
        .gt(1)
        .optional()
        .describe('a gradient norm above this times the median of the steps before is a spike'),
      steps: z.int().min(1).optional().describe('number of steps for the median; default 100'),
      action: z
        .enum(['stop', 'skip'])
        .optional()
        .describe('stop, with the state before the step saved, or skip the update; default stop'),
      patience: z.int().min(1).optional().describe('with skip: stop after this many skipped steps in a row; default 5')
    })
    .optional()
    .describe('what to do about spikes of loss and gradient norm'),
  validate: z
    .strictObject({
      every: z.int().min(1).describe('steps between validations; the last step is always one'),
      suite: referenceSchema.describe('evaluation suite'),
      metric: z.string().min(1).describe("the metric that decides, such as 'perplexity@131072'"),
      better: z
        .enum(['lower', 'higher'])
        .optional()
        .describe(
          'whether lower or higher values are better; default lower for perplexity, loss and bits, else higher'
        ),
      keep: z.enum(['best', 'last']).default('best').describe('which weights the run keeps')
    })
    .optional()
    .describe('evaluate during training, and keep the best weights')
}
