import { describe, expect, expectTypeOf, test } from 'vitest'
import type { Interpolation } from './contracts/interpolation.js'
import { definePlugin, PLUGIN_API_VERSION } from './plugin.js'
import { createRegistry, type AnyPlugin, type ConfigOf } from './registry.js'
import type { StandardSchemaV1 } from '@standard-schema/spec'

/** A schema of one number with a default, by hand: the core knows no schema library. */
const numberSchema = <Key extends string>(
  key: Key,
  preset: number
): StandardSchemaV1<{ readonly [K in Key]?: number }, { readonly [K in Key]: number }> => ({
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: value => {
      const config = value as Record<string, unknown>
      const unknown = Object.keys(config).filter(name => name !== key)
      if (unknown.length > 0) return { issues: unknown.map(name => ({ message: 'unknown key', path: [name] })) }
      if (typeof (config[key] ?? preset) !== 'number')
        return { issues: [{ message: 'expected a number', path: [key] }] }
      return { value: { [key]: config[key] ?? preset } as { [K in Key]: number } }
    }
  }
})

interface Scaled extends Interpolation {
  readonly factor: number
}

const scaled = (factor: number): Scaled => ({
  factor,
  frequencies: () => ({ inverseFrequencies: Float64Array.of(1 / factor), attentionFactor: 1, softmaxScale: 1 }),
  toHuggingFace: () => ({ rope_parameters: {}, rope_scaling: null, rope_theta: 1e4, max_position_embeddings: 2048 })
})

const linear = definePlugin({
  kind: 'interpolation',
  name: 'linear',
  summary: 'θ / s',
  config: numberSchema('factor', 8),
  create: ({ factor }) => scaled(factor)
})
const ntk = definePlugin({
  kind: 'interpolation',
  name: 'ntk',
  summary: 'a larger base',
  config: numberSchema('alpha', 2),
  create: ({ alpha }) => scaled(alpha)
})
const contiguous = definePlugin({
  kind: 'position-transform',
  name: 'linear',
  summary: 'of another kind, so the name is free',
  config: numberSchema('stride', 1),
  create: () => ({
    minimumTokens: () => 1,
    example: ids => ({ ids, positionIds: ids, labelMask: new Uint8Array(ids.length), sources: ids })
  })
})
const registry = createRegistry().register(linear, ntk, contiguous)

/** linear with other properties, as another version of this package would make it. */
const changed = (change: object): AnyPlugin =>
  Object.defineProperties(() => scaled(1), Object.getOwnPropertyDescriptors({ ...linear, ...change })) as AnyPlugin

const required = definePlugin({
  kind: 'interpolation',
  name: 'required',
  summary: 'a configuration without a default',
  config: numberSchema('factor', NaN) as StandardSchemaV1<{ readonly factor: number }, { readonly factor: number }>,
  create: ({ factor }) => scaled(factor)
})

describe('definePlugin', () => {
  test('freezes a plugin of this version of the contract', () => {
    expect(Object.isFrozen(linear)).toBe(true)
    expect({ ...linear }).toMatchObject({ kind: 'interpolation', name: 'linear', apiVersion: PLUGIN_API_VERSION })
  })

  test('makes a function of what a user writes, with the defaults of the schema', () => {
    expect(linear().factor).toBe(8)
    expect(linear({}).factor).toBe(8)
    expect(linear({ factor: 4 }).factor).toBe(4)
    expect(() => linear({ factor: '4' } as never)).toThrow(
      "PLUGIN_CONFIG: interpolation 'linear': factor: expected a number: correct these keys"
    )
    expect(String(linear.name)).toBe('linear')
  })

  test('does not compile for a call that would be refused', () => {
    const neverCalled = () => {
      // @ts-expect-error the key is unknown
      linear({ factr: 4 })
      // @ts-expect-error the value has another type
      linear({ factor: '4' })
      // @ts-expect-error the configuration has no default
      required()
      required({ factor: 4 })
    }
    expect(neverCalled).toBeTypeOf('function')
    expectTypeOf(linear()).toEqualTypeOf<Scaled>()
  })
})

describe('a registry', () => {
  test('resolves by kind and name, with the configuration and the defaults of the schema', () => {
    expect(registry.resolve('interpolation', 'linear', { factor: 4 }).factor).toBe(4)
    expect(registry.resolve('interpolation', 'linear', {}).factor).toBe(8)
    expect(
      registry
        .resolveUnknown('interpolation', { name: 'ntk' })
        .frequencies({ rotaryDim: 2, base: 1, originalLength: 1, targetLength: 1 }).inverseFrequencies
    ).toEqual(Float64Array.of(0.5))
    expect(registry.find('position-transform', 'linear')).toBe(contiguous)
  })

  test('lists in order of registration, all or by kind', () => {
    expect(registry.list()).toEqual([linear, ntk, contiguous])
    expect(registry.list('interpolation')).toEqual([linear, ntk])
    expect(registry.list('eval-suite')).toEqual([])
  })

  test('is immutable: registering makes another one', () => {
    const one = createRegistry().register(linear)
    const two = one.register(ntk)
    expect(one.list()).toEqual([linear])
    expect(two.list()).toEqual([linear, ntk])
    expect(Object.isFrozen(one)).toBe(true)
    ;(two.list() as AnyPlugin[]).pop()
    expect(two.list()).toEqual([linear, ntk])
  })

  test('refuses a name twice within a kind, and stays as it was', () => {
    const one = createRegistry().register(linear)
    expect(() => one.register(ntk, linear)).toThrow("PLUGIN_DUPLICATE: two plugins are called interpolation 'linear'")
    expect(() => createRegistry().register(ntk, ntk)).toThrow('PLUGIN_DUPLICATE')
    expect(one.list()).toEqual([linear])
  })

  test('answers an unknown name with the nearest and the list', () => {
    expect(() => registry.resolveUnknown('interpolation', { name: 'liner' })).toThrow(
      "PLUGIN_UNKNOWN: no interpolation is called 'liner'; did you mean 'linear'?: choose one of linear, ntk"
    )
    expect(() => registry.find('interpolation', 'exponential')).toThrow(
      "PLUGIN_UNKNOWN: no interpolation is called 'exponential': choose one of linear, ntk"
    )
    expect(() => registry.find('eval-suite', 'passkey')).toThrow('register a plugin of kind eval-suite')
  })

  test('names what is wrong in a configuration, from a file or from JavaScript', () => {
    expect(() => registry.resolveUnknown('interpolation', { name: 'linear', config: { factr: 4 } })).toThrow(
      "PLUGIN_CONFIG: interpolation 'linear': factr: unknown key"
    )
    expect(() => registry.resolve('interpolation', 'linear', { factor: '4' } as never)).toThrow('PLUGIN_CONFIG')
  })

  test('checks the version of the contract', () => {
    expect(() => createRegistry().register(changed({ apiVersion: 2 }))).toThrow(
      "PLUGIN_API_VERSION: interpolation 'linear' was made for plugin API 2, this is 1"
    )
  })

  test.each([
    [undefined],
    [null],
    ['linear'],
    [{}],
    [{ ...linear }],
    [() => linear()],
    [changed({ create: 1 })],
    [changed({ name: 7 })],
    [changed({ kind: undefined })],
    [changed({ config: {} })]
  ])('refuses %s, which is not a plugin', value =>
    expect(() => createRegistry().register(value as unknown as AnyPlugin)).toThrow('PLUGIN_INVALID')
  )
})

describe('the types of a registry', () => {
  test('give the instance and the configuration of the plugin named', () => {
    expectTypeOf(registry.resolve('interpolation', 'linear', {})).toEqualTypeOf<Scaled>()
    expectTypeOf<ConfigOf<typeof linear>>().toEqualTypeOf<{ readonly factor?: number }>()
    expectTypeOf(registry.resolveUnknown('interpolation', { name: 'linear' })).toEqualTypeOf<Interpolation>()
  })

  test('do not compile for what resolving would refuse', () => {
    // tsc reports every directive below that has no error under it
    const neverCalled = () => {
      // @ts-expect-error no plugin of this kind is registered
      registry.resolve('eval-suite', 'linear', {})
      // @ts-expect-error there is no such kind
      registry.resolve('interpolations', 'linear', {})
      // @ts-expect-error no interpolation has this name
      registry.resolve('interpolation', 'yarn', {})
      // @ts-expect-error the name belongs to another kind
      registry.resolve('position-transform', 'ntk', {})
      // @ts-expect-error the key is unknown
      registry.resolve('interpolation', 'linear', { factr: 4 })
      // @ts-expect-error the value has another type
      registry.resolve('interpolation', 'linear', { factor: '4' })
      // @ts-expect-error the key belongs to another plugin of the kind
      registry.resolve('interpolation', 'linear', { alpha: 2 })
      // @ts-expect-error nothing is registered
      createRegistry().resolve('interpolation', 'linear', {})
      // @ts-expect-error the untyped door checks the kind all the same
      registry.resolveUnknown('interpolations', { name: 'linear' })
      definePlugin({
        kind: 'interpolation',
        name: 'bad',
        summary: '',
        config: numberSchema('factor', 1),
        // @ts-expect-error the instance does not fulfil the contract of its kind
        create: () => ({ frequencies: 1 })
      })
    }
    expect(neverCalled).toBeTypeOf('function')
  })
})
