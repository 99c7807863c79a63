import { needleTask } from './needles.js'

/** RULER: one UUID in a text. */
export const niahSingle3 = needleTask({
  name: 'niah-single-3',
  summary: 'a UUID in a text',
  haystack: 'text',
  key: 'word',
  value: 'uuid',
  keys: 1,
  values: 1,
  queries: 1
})
