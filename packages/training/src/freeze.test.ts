import { openSafetensors } from '@skipwise/checkpoints'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { model, setup } from '../test/tiny-run.js'
import { matchesPattern, trainedParameters } from './trained-parameters.js'
import { train } from './train.js'

test.each([
  ['model.embed_tokens.*', 'model.embed_tokens.weight', true],
  ['model.layers.0.*', 'model.layers.0.self_attn.q_proj.weight', true],
  ['model.layers.0.*', 'model.layers.01.weight', false],
  ['*norm*', 'model.layers.1.input_layernorm.weight', true],
  ['model.norm.weight', 'model.norm.weight', true],
  ['model.norm', 'model.norm.weight', false],
  ['model.norm.w?ight', 'model.norm.weight', false],
  ['modelXnorm.weight', 'model.norm.weight', false],
  ['model.*.weight', 'model.norm.bias', false]
])('%s on %s: %s', (pattern, name, fits) => expect(matchesPattern(pattern, name)).toBe(fits))

describe('freeze', () => {
  const freeze = ['model.embed_tokens.*', '*mlp*']
  const isFrozen = (name: string) => /embed_tokens|mlp/.test(name)

  test('leaves what it names as it was, to the bit, and trains the rest', async () => {
    const run = await setup({ freeze })
    const { weights, losses } = await train(run)
    for (const [name, before] of run.weights) {
      if (isFrozen(name)) expect(weights.get(name), name).toEqual(before)
      else expect(weights.get(name), name).not.toEqual(before)
    }
    expect(losses[11]).toBeLessThan(losses[0])
  })

  test('gives the gradients that training whole gives: the first step moves the rest alike', async () => {
    const options = { steps: 1, maxGradientNorm: 1e9 }
    const partly = await train(await setup({ ...options, freeze }))
    const whole = await train(await setup(options))
    expect(partly.losses).toEqual(whole.losses)
    for (const [name, values] of partly.weights) {
      if (!isFrozen(name))
        values.forEach((value, i) =>
          expect(Math.abs(value - (whole.weights.get(name) as Float32Array)[i])).toBeLessThan(1e-6)
        )
    }
  })

  test('keeps no optimizer state of what is frozen, and resumes to the same bytes', async () => {
    const whole = await train(await setup({ freeze }))
    const abort = new AbortController()
    const interrupted = await setup(
      { freeze },
      { signal: abort.signal, progress: ({ done }) => done === 7 && abort.abort() }
    )
    await expect(train(interrupted)).rejects.toThrow('TRAINING_INTERRUPTED')
    const state = await openSafetensors(join(interrupted.stateFolder, 'state.safetensors'))
    expect(state.names.filter(isFrozen)).toEqual([])
    await state.close()
    const { signal: _, progress: __, ...again } = interrupted
    expect((await train(again)).weights).toEqual(whole.weights)
  })

  test.each([
    [
      'a pattern that fits nothing',
      ['model.embed_token.*'],
      "TRAINING_FREEZE: no parameter of the model matches 'model.embed_token.*'"
    ],
    ['everything', ['*'], 'TRAINING_FREEZE: every parameter is frozen']
  ])('refuses %s', (_, patterns, message) => {
    expect(() => trainedParameters(model, { freeze: patterns })).toThrow(message)
  })

  test('refuses to be given with lora', () => {
    expect(() =>
      trainedParameters(model, { freeze: ['*norm*'], lora: { rank: 2, targets: ['q_proj'], seed: 0 } })
    ).toThrow('TRAINING_FREEZE')
  })
})
