// A fused kernel of another package, whose names say nothing: its gradient is called 'Foo', and it has more outputs
// than any of ours. Everything about it is in its definition.
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { openTfjsExecutor } from '@skipwise/executor-tfjs'
import {
  defineFusedKernel,
  expandKernels,
  isNodeOf,
  rematerialize,
  tf,
  trace,
  type Executor,
  type Graph,
  type ValueSpec
} from '@skipwise/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

declare module '@skipwise/runtime' {
  interface FusedKernels {
    MyBackward: {
      inputs: 'x'
      optional: 'shift'
      attributes: { factor: number }
      saved: 'output' | 'one' | 'two' | 'three' | 'four'
    }
    Foo: { inputs: 'slope' | 'dy' }
  }
}

// y = (factor · x + shift)³; its slope 3 · factor · (factor · x + shift)² is kept as the fifth output
const myBackward = defineFusedKernel({
  name: 'MyBackward',
  optional: ['shift'],
  recompute: 'cheap',
  outputs: ({ x }) => [x, x, x, x, x],
  compose: ({ x, shift }, { factor }) => {
    const scaled = tf.mul(x, factor)
    const inner = shift ? tf.add(scaled, shift) : scaled
    const square = tf.square(inner)
    return [tf.mul(square, inner), scaled, inner, square, tf.mul(square, 3 * factor)]
  },
  gradient: {
    saved: ['output', 'one', 'two', 'three', 'four'],
    functions: ([dy], { four }) => ({ x: () => foo({ slope: four, dy })[0] })
  }
})
const foo = defineFusedKernel({
  name: 'Foo',
  gradientOf: 'MyBackward',
  gradient: 'none',
  outputs: ({ dy }) => [dy],
  compose: ({ slope, dy }) => [tf.mul(slope, dy)]
})

const numbers = Float32Array.from([-2, -0.5, 0, 1, 1.5, 2])
const shifts = Float32Array.from([0.5, 0, 1, -1, 0.75, 0.25])
const weights = Float32Array.from([1, 2, -1, 0.5, 0.25, 1.5])
const spec: ValueSpec = { shape: [6], dtype: 'float32' }
const FACTOR = 0.5

/** Σ y(w · y(x)) with its gradients: that of w reads the inner y again, after the backward pass has begun. */
const traced = (shifted: boolean): Graph =>
  trace(
    'others',
    ({ x, w, shift }) => {
      const { value, grads } = tf.valueAndGrads((x: tf.Tensor, w: tf.Tensor) => {
        const y = (x: tf.Tensor) => myBackward({ x, ...(shifted && { shift }) }, { factor: FACTOR })[0]
        return tf.sum(y(tf.mul(y(x), w))) as tf.Scalar
      })([x, w])
      return { loss: value, dx: grads[0], dw: grads[1] }
    },
    { x: spec, w: spec, ...(shifted && { shift: spec }) }
  )

/** The same in float64. */
function expected(shifted: boolean) {
  const inside = (x: number, i: number) => FACTOR * x + (shifted ? shifts[i] : 0)
  const inner = Array.from(numbers, inside)
  const outer = inner.map((v, i) => inside(v ** 3 * weights[i], i))
  const slopes = outer.map(v => 3 * FACTOR * v ** 2)
  return {
    loss: outer.reduce((sum, v) => sum + v ** 3, 0),
    dx: inner.map((v, i) => slopes[i] * weights[i] * 3 * FACTOR * v ** 2),
    dw: inner.map((v, i) => slopes[i] * v ** 3)
  }
}

async function run(executor: Executor, graph: Graph, shifted: boolean) {
  const program = await executor.compile(graph)
  const upload = (data: Float32Array) => executor.upload(spec, data)
  const outputs = await program.run({
    x: upload(numbers),
    w: upload(weights),
    ...(shifted && { shift: upload(shifts) })
  })
  const [loss, dx, dw] = await Promise.all(['loss', 'dx', 'dw'].map(name => executor.read(outputs[name])))
  await program.dispose()
  return { loss: loss[0], dx: Array.from(dx), dw: Array.from(dw) }
}

function expectClose(actual: Awaited<ReturnType<typeof run>>, shifted: boolean): void {
  const { loss, dx, dw } = expected(shifted)
  expect(actual.loss).toBeCloseTo(loss, 3)
  dx.forEach((value, i) => expect(actual.dx[i]).toBeCloseTo(value, 3))
  dw.forEach((value, i) => expect(actual.dw[i]).toBeCloseTo(value, 3))
}

const executors: Record<string, Executor> = {}
beforeAll(async () => {
  executors.tfjs = await openTfjsExecutor('cpu')
  executors.onnx = await openOnnxExecutor({ threads: 1 })
})
afterAll(() => Promise.all(Object.values(executors).map(executor => executor.dispose())))

describe.each([false, true])('a fused kernel of another package, with its optional input %s', shifted => {
  test('is one node under its own name, and so is its gradient', () => {
    const { nodes } = traced(shifted)
    expect(nodes.filter(node => isNodeOf(node, 'MyBackward')).map(({ inputs }) => Object.keys(inputs))).toEqual([
      shifted ? ['x', 'shift'] : ['x'],
      shifted ? ['x', 'shift'] : ['x']
    ])
    expect(nodes.filter(node => isNodeOf(node, 'Foo'))).toHaveLength(2)
  })

  test('is computed again in the backward pass', () => {
    const { nodes } = rematerialize(traced(shifted))
    const again = nodes.filter(node => isNodeOf(node, 'MyBackward')).map(({ inputs }) => inputs.after !== undefined)
    expect(again).toEqual([false, false, true])
  })

  test.each(['tfjs', 'onnx'])(
    'has the same numbers on %s, recomputed and not, by its definition and not',
    async name => {
      const graph = traced(shifted)
      for (const made of [
        graph,
        rematerialize(graph),
        expandKernels(graph, () => false),
        expandKernels(rematerialize(graph), () => false)
      ]) {
        expectClose(await run(executors[name], made, shifted), shifted)
      }
    }
  )

  test('runs by a kernel that a backend has of its own', async () => {
    const calls: string[] = []
    const backendName = 'cpu-with-others'
    tf.registerBackend(backendName, tf.engine().registryFactory.cpu.factory)
    tf.copyRegisteredKernels('cpu', backendName)
    const composed = tf.getKernel('MyBackward', 'cpu')
    tf.unregisterKernel('MyBackward', backendName)
    tf.registerKernel({
      kernelName: 'MyBackward',
      backendName,
      kernelFunc: args => {
        calls.push('MyBackward')
        return composed.kernelFunc(args)
      }
    })
    const executor = await openTfjsExecutor(backendName)
    expectClose(await run(executor, traced(shifted), shifted), shifted)
    expect(calls).toEqual(['MyBackward', 'MyBackward'])
    await executor.dispose()
    tf.removeBackend(backendName)
    for (const { kernelName } of tf.getKernelsForBackend(backendName)) tf.unregisterKernel(kernelName, backendName)
  })
})
