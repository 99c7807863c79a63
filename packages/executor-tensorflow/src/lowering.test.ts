import { fusedKernelCases, kernelCases, type KernelCase } from '@skipwise/testing'
import { tf, trace, type CompileOptions, type Graph } from '@skipwise/runtime'
import { describe, expect, expectTypeOf, test } from 'vitest'
import type { Lowerings, Products } from './builder.js'
import { programNodes } from './program-nodes.js'
import { slotNodes, Slots } from './slots.js'

const traceCase = ({ fn, inputs }: Pick<KernelCase, 'fn' | 'inputs'>): Graph =>
  trace(
    'case',
    fn,
    Object.fromEntries(Object.entries(inputs).map(([key, { shape, dtype }]) => [key, { shape, dtype }]))
  )

function lowerCase(graph: Graph, options: CompileOptions = {}, products: Products = 'float32', xla = false) {
  const program = programNodes(graph, options, {
    prefix: 'program/',
    slots: new Slots(),
    products,
    narrowSoftmax: products === 'bfloat16',
    xla
  })
  return { ...program, all: [...[...program.slots].flatMap(slotNodes), ...program.nodes] }
}

// TensorFlow itself is not needed here: what it would refuse at once, a node that is missing or stands twice, is
// refused here too.
describe('every kernel is lowered to nodes that know one another', () => {
  for (const products of ['float32', 'bfloat16', 'rounded'] as const) {
    for (const each of [...kernelCases, ...fusedKernelCases]) {
      test(`${each.label}, ${products}`, () => {
        const { all, outputs, done } = lowerCase(traceCase(each), {}, products)
        const names = all.map(node => node.name)
        const known = new Set(names)
        expect(known.size).toBe(names.length)
        const named = (input: string) => input.replace(/^\^/, '').replace(/:\d+$/, '')
        for (const { name, inputs } of all)
          for (const input of inputs) expect(known, `input of ${name}`).toContain(named(input))
        for (const output of Object.values(outputs)) if ('fetch' in output) expect(known).toContain(named(output.fetch))
        expect(known).toContain(named(done))
      })
    }
  }
})

describe('a program in a session', () => {
  const x = { shape: [2, 1024], dtype: 'float32' } as const
  const graph = trace('step', ({ state, x }) => ({ state: tf.add(state, x), sum: tf.sum(x), large: tf.neg(x) }), {
    state: x,
    x
  })

  test('fetches small outputs and leaves large and donated ones in variables', () => {
    const { outputs, inputs, filled } = lowerCase(graph, { donate: { state: 'state' } })
    expect(outputs.sum).toHaveProperty('fetch')
    expect(outputs.large).toHaveProperty('slot')
    expect(outputs.state).toEqual({ slot: inputs.state.slot })
    expect([...filled]).toHaveLength(1)
  })

  test('shares a variable with another program that calls its value the same', () => {
    const slots = new Slots()
    const setup = { slots, products: 'float32', narrowSoftmax: false, xla: false } as const
    const [one, other] = ['one/', 'other/'].map(prefix => programNodes(graph, {}, { ...setup, prefix }))
    expect(one.inputs.x.slot).toBe(other.inputs.x.slot)
    expect(one.inputs.x.slot).not.toBe(one.inputs.state.slot)
  })

  test('with XLA is one call of a function', () => {
    const { nodes, functions } = lowerCase(graph, {}, 'float32', true)
    expect(functions).toHaveLength(1)
    expect(nodes.filter(node => node.op === 'PartitionedCall')).toHaveLength(1)
    expect(functions[0].nodes.map(node => node.op)).toContain('AddV2')
  })

  test('kernels whose shapes or memory XLA cannot have stay outside it', () => {
    const cached = fusedKernelCases.find(each => each.label.startsWith('cached attention')) as KernelCase
    expect(lowerCase(traceCase(cached), {}, 'float32', true).functions).toEqual([])
  })
})

describe('the table of lowerings', () => {
  test('does not compile without a word on each kernel', () => {
    expectTypeOf<Omit<Lowerings, 'RmsNorm'>>().not.toExtend<Lowerings>()
    expectTypeOf<Omit<Lowerings, 'Add'>>().not.toExtend<Lowerings>()
    expectTypeOf<{ readonly Add: 'composed' } & Omit<Lowerings, 'Add'>>().not.toExtend<Lowerings>()
  })
})
