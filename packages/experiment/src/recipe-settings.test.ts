import { SkipwiseErrors, type SkipwiseError } from '@skipwise/core'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { openRecipe, sorted } from './recipe-document.js'
import { parseSetting, withSettings } from './recipe-settings.js'

const file = `model: ./llama-7b
window: { original: 2k, target: 128K }
positions: pose
data: { files: [corpus/*.jsonl], minTokens: 2k }
train: &train { steps: 1000, batch: 64, learningRate: 2e-5 }
evaluate: [{ passkey: { lengths: [2k, 128k] } }]
output: ./llama-7b-128k
`

const open = (settings: readonly string[], text = file) =>
  openRecipe(text, 'r.yaml', undefined, settings.map(parseSetting))

function messages(settings: readonly string[], text = file): string[] {
  try {
    return sorted(open(settings, text).problems).map(({ message }) => message)
  } catch (error) {
    return (error instanceof SkipwiseErrors ? error.errors : [error as SkipwiseError]).map(({ message }) => message)
  }
}

describe('lengths with k', () => {
  test('are the numbers', () => {
    const { recipe, problems } = open([])
    expect(problems).toEqual([])
    expect(recipe.window).toEqual({ original: 2048, target: 131072 })
    expect(recipe.data).toMatchObject({ minTokens: 2048 })
  })

  test.each(['2q', '2kk', '-2k', '2.5k', '0k', 'k', "'2048'", '2 k', 'true', '1', '2k tokens'])(
    'are refused as %s, with place and fix',
    text => {
      const [message] = messages([], file.replace('target: 128K', `target: ${text}`))
      expect(message).toMatch(/^RECIPE_INVALID: r\.yaml:2:33: window\.target: expected .*: correct the value$/)
    }
  )

  test('are refused in words that say what is right', () => {
    expect(messages([], file.replace('128K', '128q'))[0]).toBe(
      "RECIPE_INVALID: r.yaml:2:33: window.target: expected a whole number of at least 2, or one with k, as 2k for 2,048, found '128q': correct the value"
    )
  })
})

describe('settings', () => {
  test('replace values, and make maps that there are not', () => {
    const { recipe, problems } = open([
      'train.steps=20',
      'train.lora.rank=4',
      'train.lora.targets=all-linear',
      'seed=7'
    ])
    expect(problems).toEqual([])
    expect(recipe.train).toMatchObject({ steps: 20, batch: 64, lora: { rank: 4, targets: 'all-linear' } })
    expect(recipe.seed).toBe(7)
  })

  test('of one key count in their order', () => {
    expect(open(['train.steps=20', 'train.steps=30']).recipe.train.steps).toBe(30)
    expect(open(['data={ files: [a.txt] }', 'data.minTokens=1k']).recipe.data).toEqual({
      files: ['a.txt'],
      minTokens: 1024
    })
  })

  test('are YAML: lists, maps, lengths with k, texts with equals signs', () => {
    const { recipe } = open(['data.files=[a.txt, "b=c.txt"]', 'window={ original: 1k, target: 4k }', 'output=a=b'])
    expect(recipe).toMatchObject({ data: { files: ['a.txt', 'b=c.txt'] }, window: { original: 1024 }, output: 'a=b' })
  })

  test('give a plugin that is named alone an option, and name another one', () => {
    expect(open(['positions.pose.chunks=3']).recipe.positions).toEqual({ pose: { chunks: 3 } })
    expect(open(['positions.randpos.x=3']).recipe.positions).toEqual({ randpos: { x: 3 } })
    expect(open(['interpolation=linear']).recipe.interpolation).toBe('linear')
    expect(open(['evaluate.0.passkey.trials=5']).recipe.evaluate).toEqual([
      { passkey: { lengths: ['2k', '128k'], trials: 5 } }
    ])
  })

  test('reach the items of lists, and one more', () => {
    expect(open(['evaluate.1=ruler', 'data.files.0=b.txt']).recipe).toMatchObject({
      evaluate: [{}, 'ruler'],
      data: { files: ['b.txt'] }
    })
    expect(messages(['data.files.2=b.txt'])).toEqual([
      "RECIPE_INVALID: --set data.files.2: data.files is a list of 1, and '2' is not one of its items: use a number from 0 to 1, the last to add an item"
    ])
  })

  test('of an anchor leave its aliases as they are', () => {
    const text = `${file}x: *train\n`
    const { recipe, problems } = open(['train.steps=5'], text)
    expect(recipe.train.steps).toBe(5)
    // the alias is an unknown key, and is all that is wrong
    expect(problems).toHaveLength(1)
  })

  test('are named in errors in place of line and column, after those of the file', () => {
    expect(messages(['train.steps=many', 'train.step=3'], file.replace('batch: 64', 'batch: none'))).toEqual([
      "RECIPE_INVALID: r.yaml:5:37: train.batch: expected a number, found 'none': correct the value",
      "RECIPE_INVALID: --set train.steps: train.steps: expected a number, found 'many': correct the value",
      expect.stringMatching(
        /^RECIPE_INVALID: --set train\.step: train: unknown key 'step'; did you mean 'steps'\?: valid keys are steps, /
      )
    ])
  })

  test('cannot have a key of a text', () => {
    expect(messages(['model.architecture=llama'])).toEqual([
      "RECIPE_INVALID: --set model.architecture: model is './llama-7b', which has no keys: set model as a whole"
    ])
  })

  test.each(['train.steps', '=3', 'train..steps=3', '.a=1', ''])('are refused as %j', text => {
    expect(messages([text])[0]).toMatch(/^RECIPE_SYNTAX: --set .*: write KEY=VALUE/)
  })

  test('are refused where their value is not YAML, or too deep', () => {
    expect(messages(['train.steps=[1'])[0]).toMatch(/^RECIPE_SYNTAX: --set train\.steps: the value is not YAML/)
    expect(messages([`data=${'['.repeat(100)}${']'.repeat(100)}`])[0]).toMatch(/nested more than 64 deep/)
  })

  test('reach no prototype', () => {
    const value = withSettings({ train: {} }, [parseSetting('train.__proto__.polluted=1')])
    expect(Object.hasOwn((value as { train: object }).train, '__proto__')).toBe(true)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  property.prop([fc.array(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 4 })])(
    'of any text give a recipe or coded errors',
    texts => {
      for (const message of messages(texts)) expect(message).toMatch(/^[A-Z_]+: /)
    }
  )
})
