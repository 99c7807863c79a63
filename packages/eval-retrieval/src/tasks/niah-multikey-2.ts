import { needleTask } from './needles.js'

/** RULER: a needle among needles. */
export const niahMultikey2 = needleTask({
  name: 'niah-multikey-2',
  summary: 'a number among numbers',
  haystack: 'needles',
  key: 'word',
  value: 'number',
  keys: 1,
  values: 1,
  queries: 1
})
