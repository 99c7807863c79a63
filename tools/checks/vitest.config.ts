import { preset } from '@skipwise/config/vitest'
import { docExamples } from './doc-examples.mjs'

/** The @example blocks of doc comments as modules next to the sources that they are in. */
const texts = new Map<string, string>()
const examples = {
  name: 'doc-examples',
  buildStart: () => {
    for (const { path, text } of docExamples()) texts.set(path, text)
  },
  resolveId: (id: string) => (texts.has(id) ? id : undefined),
  load: (id: string) => texts.get(id)
}

export default { ...preset({ include: ['*.test.mjs'] }), plugins: [examples] }
