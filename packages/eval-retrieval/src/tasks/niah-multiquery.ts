import { needleTask } from './needles.js'

/** RULER: four keys, all asked for. */
export const niahMultiquery = needleTask({
  name: 'niah-multiquery',
  summary: 'the numbers of four keys',
  haystack: 'text',
  key: 'word',
  value: 'number',
  keys: 4,
  values: 1,
  queries: 4
})
