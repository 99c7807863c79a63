import { z } from 'zod'
import { defineTask } from '../task.js'

/** BoolQ (Clark et al. 2019), as SuperGLUE has it. */
export const boolq = defineTask({
  name: 'boolq',
  summary: 'yes or no about a passage',
  version: 2,
  hub: { dataset: 'aps/super_glue', evaluation: 'boolq/validation', training: 'boolq/train' },
  shots: 0,
  drawsSpare: true,
  metrics: ['acc'],
  row: z.looseObject({ passage: z.string(), question: z.string(), label: z.int().min(0).max(1) }),
  question: ({ passage, question, label }) => ({
    contexts: [`${passage}\nQuestion: ${question}?\nAnswer:`],
    continuations: ['no', 'yes'],
    gold: label
  })
})
