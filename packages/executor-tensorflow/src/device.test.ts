import { tf, trace, type ValueSpec } from '@skipwise/runtime'
import { describe, expect, test } from 'vitest'
import { loadBinding, prepareEnvironment, type Binding } from './binding.js'
import { Device } from './device.js'
import { TensorFlowProgram } from './program.js'
import { unavailableReason } from './index.js'
import type { TensorFlowValue } from './value.js'

const N = 100
const x: ValueSpec = { shape: [3], dtype: 'float32' }
const names = Array.from({ length: N }, (_, i) => `weight${i}`)

/** A device, and the sets of feeds and fetches that it has asked for. */
function watched() {
  prepareEnvironment()
  const binding = loadBinding()
  const asked = new Set<string>()
  const runSavedModel: Binding['runSavedModel'] = (model, inputs, feeds, fetches) => {
    asked.add(`${model} ${feeds} ${fetches}`)
    return binding.runSavedModel(model, inputs, feeds, fetches)
  }
  return {
    device: new Device(
      Object.create(binding, { runSavedModel: { value: runSavedModel } }) as Binding,
      'float32',
      false,
      false
    ),
    asked
  }
}

const reason = unavailableReason()
describe.skipIf(reason)(`a session's preparations${reason ? ` (needs TensorFlow: ${reason})` : ''}`, () => {
  test('are few for many variables: set, read and freed together', async () => {
    const { device, asked } = watched()
    const graph = trace(
      'step',
      ({ by, ...weights }) =>
        Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, tf.add(weight, by)])),
      Object.fromEntries([...names, 'by'].map(name => [name, x]))
    )
    const program = TensorFlowProgram.compile(device, graph, {
      donate: Object.fromEntries(names.map(name => [name, name]))
    })
    let state = Object.fromEntries(names.map((name, i) => [name, device.upload(x, Float32Array.of(i, 2 * i, 3 * i))]))
    const by = device.upload(x, Float32Array.of(1, 2, 3))
    for (let step = 0; step < 3; step++)
      state = (await program.run({ ...state, by })) as Record<string, TensorFlowValue>
    names.forEach((name, i) => expect(device.read(state[name])).toEqual(Float32Array.of(i + 3, 2 * i + 6, 3 * i + 9)))
    for (const value of [...Object.values(state), by]) value.dispose()
    expect(() => device.read(state['weight0'])).toThrow(/disposed/)
    await program.dispose()
    device.close()
    // Weights are set, `by` settles at its second use, the program is asked with it fed and settled, two groups are
    // read, all are freed.
    expect(asked.size).toBeLessThanOrEqual(8)
  })

  test('a variable that is filled again before it was freed keeps its new value', async () => {
    const { device } = watched()
    const graph = trace('step', ({ state }) => ({ state: tf.mul(state, 2) }), { state: x })
    const program = TensorFlowProgram.compile(device, graph, { donate: { state: 'state' } })
    const values: number[] = []
    for (let start = 1; start < 4; start++) {
      const { state } = await program.run({ state: device.upload(x, Float32Array.of(start, 0, 0)) })
      values.push(device.read(state as TensorFlowValue)[0])
      state.dispose()
    }
    expect(values).toEqual([2, 4, 6])
    await program.dispose()
    device.close()
  })
})
