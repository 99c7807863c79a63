import { describe, expect, test } from 'vitest'
import golden from '../../test/golden/chat-constructs.json' with { type: 'json' }
import { TemplateFault } from './template-fault.js'
import { Dict, type Value } from './values.js'
import { valueOfJson } from './json-values.js'
import { Template } from './template.js'

const data = valueOfJson(golden.data)
if (!(data instanceof Dict)) throw new Error('the variables are an object')
const passed: readonly (readonly [string, Value])[] = [
  ['bos_token', '<s>'],
  ['eos_token', '</s>'],
  ['tools', null],
  ['documents', null],
  ['add_generation_prompt', false]
]
const variables = [...passed, ...data.entries().map(([name, value]) => [String(name), value] as const)]

/** The text, or what stopped it. */
function render(template: string): string | TemplateFault {
  try {
    return new Template(template).render(variables, golden.data.length).text
  } catch (error) {
    if (error instanceof TemplateFault) return error
    throw error
  }
}

// tools/golden/chat_constructs.py
describe(`every construct has the text of ${golden.origin}, or is refused`, () => {
  test.each(golden.cases)('$template', ({ template, text }) => {
    const ours = render(template)
    if (ours instanceof TemplateFault) expect(text === null || / here/.test(ours.message), ours.message).toBe(true)
    else expect(ours).toBe(text)
  })
})
