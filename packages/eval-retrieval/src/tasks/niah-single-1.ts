import { needleTask } from './needles.js'

/** RULER: one number in noise sentences. */
export const niahSingle1 = needleTask({
  name: 'niah-single-1',
  summary: 'a number in noise',
  haystack: 'noise',
  key: 'word',
  value: 'number',
  keys: 1,
  values: 1,
  queries: 1
})
