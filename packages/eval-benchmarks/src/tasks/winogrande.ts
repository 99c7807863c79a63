import { z } from 'zod'
import { strip } from '../python/strings.js'
import { defineTask } from '../task.js'

/** WinoGrande (Sakaguchi et al. 2019) by partial scoring: the same end of the sentence after either option. */
export const winogrande = defineTask({
  name: 'winogrande',
  summary: 'which noun fills a blank',
  version: 1,
  hub: { dataset: 'allenai/winogrande', evaluation: 'winogrande_xl/validation', training: 'winogrande_xl/train' },
  shots: 0,
  drawsSpare: true,
  metrics: ['acc'],
  row: z.looseObject({
    sentence: z.string().includes('_'),
    option1: z.string(),
    option2: z.string(),
    answer: z.enum(['1', '2'])
  }),
  question({ sentence, option1, option2, answer }) {
    const blank = sentence.indexOf('_')
    const before = sentence.slice(0, blank)
    return {
      contexts: [before + option1, before + option2],
      continuations: [strip(sentence.slice(blank + 1))],
      gold: Number(answer) - 1
    }
  }
})
