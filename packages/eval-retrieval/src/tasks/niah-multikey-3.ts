import { needleTask } from './needles.js'

/** RULER: a needle among needles, keys and values UUIDs. */
export const niahMultikey3 = needleTask({
  name: 'niah-multikey-3',
  summary: 'a UUID among UUIDs',
  haystack: 'needles',
  key: 'uuid',
  value: 'uuid',
  keys: 1,
  values: 1,
  queries: 1
})
