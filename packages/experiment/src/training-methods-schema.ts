import { z } from 'zod'

const names = z.array(z.string().min(1)).min(1)

/** Keys of `train` that say what is trained. */
export const trainingMethods = {
  freeze: names.optional().describe("parameters that stay as they are, by patterns of their names: '*' stands for any characters"),
  lora: z
    .strictObject({
      rank: z.int().min(1).describe('rows of A and columns of B'),
      alpha: z.number().positive().optional().describe('B·A counts alpha / rank; default rank'),
      targets: z.union([names, z.literal('all-linear')]).describe("last parts of the names of the modules to adapt, such as q_proj, or 'all-linear'"),
      alsoTrain: names.optional().describe("ends of the names of modules trained whole beside them, such as embed_tokens and norm; PEFT's modules_to_save")
    })
    .optional()
    .describe('train low-rank adapters; the model is written with them merged, and they lie in adapter/ as PEFT saves them')
}
