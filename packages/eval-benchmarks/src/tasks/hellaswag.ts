import { z } from 'zod'
import { capitalize, strip } from '../python/strings.js'
import { defineTask } from '../task.js'

/**
 * Removes what WikiHow's layout left in a text: section titles become sentence ends, other brackets go, two spaces
 * become one.
 */
const clean = (text: string): string =>
  strip(text)
    .replaceAll(' [title]', '. ')
    .replace(/\[[^\n]*?\]/g, '')
    .replaceAll('  ', ' ')

/** HellaSwag (Zellers et al. 2019). */
export const hellaswag = defineTask({
  name: 'hellaswag',
  summary: 'which ending continues a scene',
  version: 1,
  hub: { dataset: 'Rowan/hellaswag', evaluation: 'validation', training: 'train' },
  shots: 10,
  drawsSpare: true,
  metrics: ['acc', 'acc_norm'],
  row: z
    .looseObject({
      activity_label: z.string(),
      ctx_a: z.string(),
      ctx_b: z.string(),
      endings: z.array(z.string()).min(1),
      label: z.coerce.number().int().min(0)
    })
    .refine(({ endings, label }) => label < endings.length, { path: ['label'], message: 'is not an ending' }),
  question: ({ activity_label, ctx_a, ctx_b, endings, label }) => ({
    contexts: [clean(`${activity_label}: ${ctx_a} ${capitalize(ctx_b)}`)],
    continuations: endings.map(clean),
    gold: label
  })
})
