import { needleTask } from './needles.js'

/** RULER: four keys in a text, one asked for. */
export const niahMultikey1 = needleTask({
  name: 'niah-multikey-1',
  summary: 'one of four numbers in a text',
  haystack: 'text',
  key: 'word',
  value: 'number',
  keys: 4,
  values: 1,
  queries: 1
})
