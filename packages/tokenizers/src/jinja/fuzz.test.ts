// SKIPWISE_FUZZ_RUNS=100000 npx vitest run src/jinja/fuzz.test.ts
import { fuzzReader } from '@skipwise/testing'
import { expect, test } from 'vitest'
import golden from '../../test/golden/chat-constructs.json' with { type: 'json' }
import { invalidTemplate } from '../read-chat-template.js'
import { TemplateFault } from './template-fault.js'
import { Dict, type Value } from './values.js'
import { valueOfJson } from './json-values.js'
import { Template } from './template.js'

const data = valueOfJson(golden.data)
if (!(data instanceof Dict)) throw new Error('the variables are an object')
const variables: readonly (readonly [string, Value])[] = data.entries().map(([name, value]) => [String(name), value])

/** What a template does, with faults as the loader has them: any other error breaks the promise. */
function rendered(source: string): string {
  try {
    return new Template(source).render(variables, golden.data.length).text
  } catch (error) {
    if (error instanceof TemplateFault) throw invalidTemplate('mutated', error.message, error)
    throw error
  }
}

test('mutated chat templates', { timeout: 0 }, async () => {
  // some constructs together, so that a change of one meets the others
  const files = Array.from({ length: 60 }, (_, i) =>
    golden.cases.filter(({ text }, k) => text !== null && k % 60 === i)
  )
  const sources = files.map(cases => new TextEncoder().encode(cases.map(({ template }) => template).join('\n')))
  const singles = golden.cases
    .filter(({ template }) => template.length > 60)
    .map(({ template }) => new TextEncoder().encode(template))
  const seen = await fuzzReader({
    files: [...sources, ...singles],
    async *read(mutated) {
      yield rendered(new TextDecoder().decode(mutated))
    }
  })
  if (process.env['SKIPWISE_FUZZ_RUNS']) process.stderr.write(`chat templates: ${JSON.stringify(seen)}\n`)
  expect(seen.refused['CHAT_TEMPLATE_INVALID']).toBeGreaterThan(0)
  expect(seen.accepted).toBeGreaterThan(0)
})
