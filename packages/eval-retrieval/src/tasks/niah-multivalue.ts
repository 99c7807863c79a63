import { needleTask } from './needles.js'

/** RULER: four values of one key, all asked for. */
export const niahMultivalue = needleTask({
  name: 'niah-multivalue',
  summary: 'four numbers of one key',
  haystack: 'text',
  key: 'word',
  value: 'number',
  keys: 1,
  values: 4,
  queries: 1
})
