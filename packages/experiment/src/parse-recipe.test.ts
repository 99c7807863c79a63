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
    const errors = errorsOf(design.replace('learningRate', 'learninRate').replace('microBatch: 1', 'microBatch: one').replace('output:', 'ouput:'))
    expect(errors.map(error => error.code)).toEqual(errors.map(() => 'RECIPE_INVALID'))
    const text = errors.map(error => error.message).join('\n')
    expect(text).toContain("r.yaml:6:51: train: unknown key 'learninRate'; did you mean 'learningRate'?")
    expect(text).toContain('r.yaml:6:46: train.microBatch: ')
    expect(text).toContain("r.yaml:8:1: unknown key 'ouput'; did you mean 'output'?")
    expect(text).toContain("add the key 'output'")
  })

  test('says of what is missing what it is and where it belongs, whatever it may be', () => {
    const messages = errorsOf(design.replace(/^model.*\n/, '').replace('batch: 64', 'batch: 64, lora: { rank: 4 }')).map(({ message }) => message)
    expect(messages.find(message => message.includes('model'))).toContain("model: missing; expected string or object: add the key 'model'")
    expect(messages.find(message => message.includes('targets'))).toMatch(/train\.lora\.targets: missing; expected .*'all-linear': add the key 'targets'/)
  })

  test('looks into the members of unions', () => {
    expect(errorsOf(design.replace('minTokens', 'minToken'))[0].message).toContain("r.yaml:5:41: data: unknown key 'minToken'; did you mean 'minTokens'?")
    expect(errorsOf(design.replace('model: ./llama-7b', 'model: 7'))[0].message).toContain('r.yaml:1:8: model: expected string or object')
    expect(errorsOf(design.replace('{ yarn: {} }', '{ yarn: {}, linear: {} }'))[0].message).toMatch(/r\.yaml:3:\d+: interpolation: must have exactly one key/)
    const sources = design.replace(/^data.*$/m, 'data:\n  sources:\n    - files: [a]\n      wieght: 2')
    expect(errorsOf(sources)[0].message).toContain("r.yaml:8:7: data.sources.0: unknown key 'wieght'; did you mean 'weight'?")
  })

  test('says where YAML is broken', () => {
    const [error] = errorsOf('model: [a\nwindow: 3')
    expect(error.code).toBe('RECIPE_SYNTAX')
    expect(error.message).toMatch(/r\.yaml:\d+:\d+/)
    expect(errorsOf('')[0].code).toBe('RECIPE_INVALID')
    expect(errorsOf('a: 1\na: 2')[0].code).toBe('RECIPE_SYNTAX')
  })

  test('does not expand a bomb of aliases', () => {
    const levels = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`)
    expect(errorsOf(['a0: &a0 [x]', ...levels].join('\n'))[0].code).toBe('RECIPE_SYNTAX')
  })

  property.prop([fc.string({ maxLength: 200 })])('answers any text with a recipe or coded errors', text => {
    for (const error of errorsOf(text)) expect(error.code).toMatch(/^RECIPE_/)
  })

  test('has a JSON Schema for editors', async () => {
    expect(recipeJsonSchema()).toMatchObject({ type: 'object', additionalProperties: false, required: expect.arrayContaining(['model', 'output']) })
    // the file that is published; write it anew after a change: vitest run -u
    await expect(`${JSON.stringify(recipeJsonSchema(), null, 2)}\n`).toMatchFileSnapshot('../recipe.schema.json')
  })
})

describe('options of plugins', () => {
  const registry = createRegistry().register(definePlugin({
    kind: 'eval-suite', name: 'passkey', version: '1.0.0', apiVersion: 1, config: z.strictObject({ lengths: z.array(z.int()), trials: z.int().optional() }), create: () => { throw new Error('not made') }
  } as never))
  const parse = (options: string) => () => parseRecipe(design.replace('lengths: [2048, 131072]', options), 'r.yaml', registry)

  test('that a plugin does not know are reported with line and column', () => {
    expect(parse('lengths: [2048], trails: 3')).toThrow(/r\.yaml:7:127: evaluate\.1\.passkey: eval-suite 'passkey' has no option 'trails'; did you mean 'trials'\?/)
  })

  test('of a wrong type are left to the one who puts the parts together', () => {
    expect(parse('lengths: 2048')).not.toThrow()
  })
})
