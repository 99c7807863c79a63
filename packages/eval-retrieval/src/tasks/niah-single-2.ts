import { needleTask } from './needles.js'

/** RULER: one number in a text. */
export const niahSingle2 = needleTask({
  name: 'niah-single-2',
  summary: 'a number in a text',
  haystack: 'text',
  key: 'word',
  value: 'number',
  keys: 1,
  values: 1,
  queries: 1
})
