import { z } from 'zod'
import { defineTask } from '../task.js'

/** PIQA (Bisk et al. 2020). */
export const piqa = defineTask({
  name: 'piqa',
  summary: 'which of two ways reaches a goal',
  version: 1,
  hub: { dataset: 'baber/piqa', evaluation: 'validation', training: 'train' },
  shots: 0,
  drawsSpare: true,
  metrics: ['acc', 'acc_norm'],
  row: z.looseObject({ goal: z.string(), sol1: z.string(), sol2: z.string(), label: z.int().min(0).max(1) }),
  question: ({ goal, sol1, sol2, label }) => ({
    contexts: [`Question: ${goal}\nAnswer:`],
    continuations: [sol1, sol2],
    gold: label
  })
})
