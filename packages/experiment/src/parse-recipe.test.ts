import { createRegistry, definePlugin, SkipwiseErrors, type SkipwiseError } from '@skipwise/core'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { parseRecipe } from './parse-recipe.js'
import { z } from 'zod'
import { recipeJsonSchema } from './recipe-schema.js'

const design = `model: ./llama-7b
window: { original: 2048, target: 131072 }
interpolation: { yarn: {} }
positions: { pose: { chunks: 2 } }
data: { files: [corpus/**/*.jsonl.zst], minTokens: 2048 }
train: { steps: 1000, batch: 64, microBatch: 1, learningRate: 2e-5, warmup: 10, seed: 0 }
evaluate: [ { perplexity: { data: proofs.jsonl, windows: [2048, 16384, 131072], stride: 1024 } }, passkey: { lengths: [2048, 131072] } ]
output: ./llama-7b-128k
`

function errorsOf(text: string): readonly SkipwiseError[] {
  try {
    parseRecipe(text, 'r.yaml')
  } catch (error) {
    return error instanceof SkipwiseErrors ? error.errors : [error as SkipwiseError]
  }
  return []
}

describe('parseRecipe', () => {
  test('reads the recipe of the design', () => {
    const recipe = parseRecipe(design, 'r.yaml')
    expect(recipe.train.learningRate).toBe(2e-5)
    expect(recipe.evaluate).toHaveLength(2)
    expect(recipe).toMatchObject({ executor: 'onnx', seed: 0, interpolation: { yarn: {} } })
  })

  test('names every unknown key with line, column and the nearest key, all together', () => {
    const errors = errorsOf(
      design
        .replace('learningRate', 'learninRate')
        .replace('microBatch: 1', 'microBatch: one')
        .replace('output:', 'ouput:')
    )
    expect(errors.map(error => error.code)).toEqual(errors.map(() => 'RECIPE_INVALID'))
    const text = errors.map(error => error.message).join('\n')
    expect(text).toContain("r.yaml:6:51: train: unknown key 'learninRate'; did you mean 'learningRate'?")
    expect(text).toContain('r.yaml:6:46: train.microBatch: ')
    expect(text).toContain("r.yaml:8:1: unknown key 'ouput'; did you mean 'output'?")
    expect(text).toContain("add the key 'output'")
  })

  test('names what a key of an earlier recipe is called now', () => {
    const [error] = errorsOf(design.replace('microBatch: 1', 'microBatch: 1, guard: { loss: 2, window: 50 }'))
    expect(error.message).toMatch(/^RECIPE_INVALID: r\.yaml:6:.*train\.guard: unknown key 'window'; it is now 'steps'/)
  })

  test('says of what is missing what it is and where it belongs, whatever it may be', () => {
    const messages = errorsOf(
      design.replace(/^model.*\n/, '').replace('batch: 64', 'batch: 64, lora: { rank: 4 }')
    ).map(({ message }) => message)
    expect(messages.find(message => message.includes('model'))).toContain(
      "model: missing; expected a text or a map of keys: add the key 'model'"
    )
    expect(messages.find(message => message.includes('targets'))).toMatch(
      /train\.lora\.targets: missing; expected .*'all-linear': add the key 'targets'/
    )
  })

  test('looks into the members of unions', () => {
    expect(errorsOf(design.replace('minTokens', 'minToken'))[0].message).toContain(
      "r.yaml:5:41: data: unknown key 'minToken'; did you mean 'minTokens'?"
    )
    expect(errorsOf(design.replace('model: ./llama-7b', 'model: 7'))[0].message).toContain(
      'r.yaml:1:8: model: expected a text or a map of keys, found 7'
    )
    expect(errorsOf(design.replace('{ yarn: {} }', '{ yarn: {}, linear: {} }'))[0].message).toMatch(
      /r\.yaml:3:\d+: interpolation: must have exactly one key/
    )
    const sources = design.replace(/^data.*$/m, 'data:\n  sources:\n    - files: [a]\n      wieght: 2')
    expect(errorsOf(sources)[0].message).toContain(
      "r.yaml:8:7: data.sources.0: unknown key 'wieght'; did you mean 'weight'?"
    )
  })

  test('says where YAML is broken', () => {
    const [error] = errorsOf('model: [a\nwindow: 3')
    expect(error.code).toBe('RECIPE_SYNTAX')
    expect(error.message).toMatch(/r\.yaml:\d+:\d+/)
    expect(errorsOf('')[0].code).toBe('RECIPE_INVALID')
    expect(errorsOf('a: 1\na: 2')[0].code).toBe('RECIPE_SYNTAX')
  })

  test('does not expand a bomb of aliases', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`
    )
    expect(errorsOf(['a0: &a0 [x]', ...levels].join('\n'))[0].code).toBe('RECIPE_SYNTAX')
  })

  property.prop([fc.string({ maxLength: 200 })])('answers any text with a recipe or coded errors', text => {
    for (const error of errorsOf(text)) expect(error.code).toMatch(/^RECIPE_/)
  })

  test('has a JSON Schema for editors', async () => {
    expect(recipeJsonSchema()).toMatchObject({
      type: 'object',
      additionalProperties: false,
      required: expect.arrayContaining(['model', 'output'])
    })
    // the file that is published; write it again after a change: vitest run -u
    await expect(`${JSON.stringify(recipeJsonSchema(), null, 2)}\n`).toMatchFileSnapshot('../recipe.schema.json')
  })
})

describe('options of plugins', () => {
  const registry = createRegistry().register(
    definePlugin({
      kind: 'eval-suite',
      name: 'passkey',
      version: '1.0.0',
      apiVersion: 1,
      config: z.strictObject({ lengths: z.array(z.int()), trials: z.int().optional() }),
      create: () => {
        throw new Error('not made')
      }
    } as never)
  )
  const parse = (options: string) => () =>
    parseRecipe(design.replace('lengths: [2048, 131072]', options), 'r.yaml', registry)

  test('that a plugin does not know are reported with line and column', () => {
    expect(parse('lengths: [2048], trails: 3')).toThrow(
      /r\.yaml:7:127: evaluate\.1\.passkey: eval-suite 'passkey' has no option 'trails'; did you mean 'trials'\?/
    )
  })

  test('of a wrong type or value are reported with line and column too', () => {
    expect(parse('lengths: 2048')).toThrow(/r\.yaml:7:119: evaluate\.1\.passkey\.lengths: expected a list, found 2048/)
    expect(parse('lengths: [1, two]')).toThrow(
      /r\.yaml:7:123: evaluate\.1\.passkey\.lengths\.1: expected a number, found 'two'/
    )
  })

  test('and names of plugins that there are not', () => {
    expect(parse('lengths: [2048]')).toThrow(
      /PLUGIN_UNKNOWN: r\.yaml:3:18: interpolation\.yarn: no interpolation is called 'yarn'/
    )
  })
})

describe('what other files than recipes give', () => {
  test('one sentence, however long they are', () => {
    const lines = Array.from({ length: 500 }, (_, i) =>
      JSON.stringify({ text: `document ${i} "quoted": ${'long '.repeat(200)}` })
    ).join('\n')
    const [error, ...more] = errorsOf(lines)
    expect([error.code, more]).toEqual(['RECIPE_SYNTAX', []])
    expect(error.message.length).toBeLessThan(300)
    expect(errorsOf('just a text')[0].message).toContain("a recipe is a map of keys, this is 'just a text'")
    expect(errorsOf('- a\n- b')[0].message).toContain('a recipe is a map of keys, this is a list')
    expect(errorsOf('')[0].message).toContain('a recipe is a map of keys, this is empty')
  })

  test('keys of any length and nesting of any depth are refused with short messages', () => {
    for (const text of [
      `${'k'.repeat(3e6)}: 1\n${design}`,
      `${design}x: ${'['.repeat(5000)}${']'.repeat(5000)}`,
      `${design}x: ${'{a: '.repeat(200)}1${'}'.repeat(200)}`
    ]) {
      const errors = errorsOf(text)
      expect(errors.length).toBeGreaterThan(0)
      for (const { code, message } of errors) {
        expect(code).toMatch(/^RECIPE_/)
        expect(message.length).toBeLessThan(1000)
      }
    }
  })
})

test('twenty thousand unknown keys are fifty problems', () => {
  expect(errorsOf(`${design}${Array.from({ length: 2e4 }, (_, i) => `k${i}: 1`).join('\n')}`)).toHaveLength(50)
})

describe('merge keys of YAML', () => {
  const merged = design.replace(
    /^train.*$/m,
    'train:\n  <<: { steps: 7, batch: 2, learningRate: 1e-3, warmup: 3 }\n  warmup: 5'
  )

  test('put the keys of another map in; those of the map itself go before', () => {
    expect(parseRecipe(merged, 'r.yaml').train).toMatchObject({ steps: 7, batch: 2, warmup: 5 })
    const anchored = design
      .replace(/^train.*$/m, 'train: { <<: *base, steps: 9 }')
      .replace(/^data.*$/m, 'data:\n  files: &files [a]')
    expect(errorsOf(anchored)[0].code).toBe('RECIPE_SYNTAX')
  })

  test('are looked through for the place of what is wrong', () => {
    expect(errorsOf(merged.replace('batch: 2', 'batch: none'))[0].message).toContain(
      "r.yaml:7:26: train.batch: expected a number, found 'none'"
    )
  })
})
