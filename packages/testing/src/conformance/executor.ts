import {
  fusedKernels,
  shapeRules,
  tf,
  trace,
  type CompileOptions,
  type Executor,
  type Graph,
  type HostData,
  type TensorFunction,
  type Value
} from '@skipwise/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { matchers } from '../allclose.js'
import {
  adamWInputs,
  adamWStep,
  cachedInputs,
  cachedShapes,
  cachedStep,
  fusedKernelCases
} from './fused-kernel-cases.js'
import { kernelCases, normal, type CaseInput } from './kernel-cases.js'

type Inputs = Readonly<Record<string, CaseInput>>

const TOLERANCE = { absolute: 1e-5, relative: 1e-5 }

/** What {@link describeExecutor} needs to know of an executor. */
export interface ExecutorConformance {
  /** Kernels that its device does not have: compiling them must fail with `EXECUTOR_KERNEL`. */
  readonly lacks?: readonly string[]
}

/**
 * The conformance suite of executors; call it in a vitest file. It runs every kernel that the tracer records and every
 * fused kernel, gradients included, and compares with eager tfjs on the cpu backend; then it holds the executor to its
 * contract: donation, outputs that belong to the program, copies on upload, coded errors for wrong inputs.
 *
 * @example
 * ```ts
 * describeExecutor('onnx', () => openOnnxExecutor({ threads: 1 }))
 * ```
 */
export function describeExecutor(
  name: string,
  open: () => Promise<Executor>,
  { lacks = [] }: ExecutorConformance = {}
): void {
  describe(`executor '${name}'`, () => {
    let executor: Executor
    beforeAll(async () => {
      expect.extend(matchers)
      executor = await open()
    })
    afterAll(() => executor.dispose())

    const upload = (inputs: Inputs) =>
      Object.fromEntries(Object.entries(inputs).map(([key, { data, ...spec }]) => [key, executor.upload(spec, data)]))
    const read = async (values: Readonly<Record<string, Value>>) => {
      const data: Record<string, HostData> = {}
      for (const [key, value] of Object.entries(values)) data[key] = (await executor.read(value)).slice()
      return data
    }
    const run = async (fn: TensorFunction, inputs: Inputs, options?: CompileOptions) => {
      const program = await executor.compile(traceCase(fn, inputs), options)
      const values = upload(inputs)
      const data = await read(await program.run(values))
      for (const [key, value] of Object.entries(values)) if (!(key in (options?.donate ?? {}))) value.dispose()
      await program.dispose()
      return data
    }
    const expectClose = (actual: Record<string, HostData>, expected: Record<string, HostData>) => {
      expect(Object.keys(actual)).toEqual(Object.keys(expected))
      for (const [key, numbers] of Object.entries(expected)) expect(actual[key], key).toBeAllclose(numbers, TOLERANCE)
    }

    describe('computes what eager tfjs computes', () => {
      const cases = [...kernelCases, ...fusedKernelCases]
      for (const { label, inputs, fn } of cases) {
        test(label, async () => {
          const graph = traceCase(fn, inputs)
          const lacking = graph.nodes.some(node => lacks.includes(node.kernel))
          if (lacking) await expect(executor.compile(graph)).rejects.toMatchObject({ code: 'EXECUTOR_KERNEL' })
          else expectClose(await run(fn, inputs), await eager(fn, inputs))
        })
      }

      test('in every kernel there is', () => {
        const seen = new Set(
          [...cases, { fn: adamWStep, inputs: adamWInputs }].flatMap(({ fn, inputs }) =>
            traceCase(fn, inputs).nodes.map(node => node.kernel)
          )
        )
        // identities are gone from a graph once it is traced
        expect([...Object.keys(shapeRules), ...fusedKernels.keys()].filter(kernel => !seen.has(kernel))).toEqual([
          'Identity'
        ])
      })
    })

    describe('donation', () => {
      test('a donated value comes back as its output, run after run; other inputs keep their numbers', async () => {
        const x = normal([2, 3])
        const step = normal([3])
        const program = await executor.compile(
          traceCase(({ x, step }) => ({ x: tf.add(x, step), sum: tf.sum(x) }), { x, step }),
          { donate: { x: 'x' } }
        )
        const values = upload({ x, step })
        let state = values.x
        for (let count = 0; count < 3; count++) state = (await program.run({ x: state, step: values.step })).x
        expect(await executor.read(state)).toBeAllclose(
          x.data.map((value, i) => value + 3 * step.data[i % 3]),
          TOLERANCE
        )
        expect(await executor.read(values.step)).toEqual(step.data)
        state.dispose()
        await program.dispose()
      })

      test('of an optimizer state', async () => {
        const { gradientNorm: _, ...updated } = await eager(adamWStep, adamWInputs)
        const donate = Object.fromEntries(Object.keys(updated).map(key => [key, key]))
        expectClose(await run(adamWStep, adamWInputs, { donate }), await eager(adamWStep, adamWInputs))
      })

      for (const shape of cachedShapes) {
        test(`of key/value caches ${JSON.stringify(shape)}`, async () => {
          const inputs = cachedInputs(shape)
          const fn: TensorFunction = tensors => ({ ...cachedStep(tensors, shape) })
          const actual = await run(fn, inputs, { donate: { keyCache: 'keyCache', valueCache: 'valueCache' } })
          const expected = await eager(fn, inputs)
          const filled = ({ keyCache, valueCache, output }: Record<string, HostData>) => ({
            output,
            keyCache: filledSlots(keyCache, shape),
            valueCache: filledSlots(valueCache, shape)
          })
          expectClose(filled(actual), filled(expected))
        })
      }

      test('of a cache through several steps', async () => {
        const D = 8
        const S = 16
        const lengths = [5, 1, 4, 1]
        const all = cachedInputs({ B: 1, T: 11, H: 4, K: 2, D, S, past: 0 })
        const whole = (await eager(tensors => ({ output: cachedStep(tensors, { D }).output }), all)).output
        let past = 0
        let { keyCache, valueCache } = upload({ keyCache: all.keyCache, valueCache: all.valueCache })
        for (const T of lengths) {
          const rows = ({ data, shape: [, , heads] }: CaseInput): CaseInput => ({
            shape: [1, T, heads, D],
            dtype: 'float32',
            data: data.slice(past * heads * D, (past + T) * heads * D)
          })
          const inputs = {
            query: rows(all.query),
            key: rows(all.key),
            value: rows(all.value),
            pastLength: { ...all.pastLength, data: Int32Array.of(past) }
          }
          const graph = traceCase(tensors => ({ ...cachedStep(tensors, { D }) }), {
            ...inputs,
            keyCache: all.keyCache,
            valueCache: all.valueCache
          })
          const program = await executor.compile(graph, { donate: { keyCache: 'keyCache', valueCache: 'valueCache' } })
          const outputs = await program.run({ ...upload(inputs), keyCache, valueCache })
          expect(await executor.read(outputs.output), `tokens from ${past}`).toBeAllclose(
            whole.slice(past * 4 * D, (past + T) * 4 * D),
            TOLERANCE
          )
          ;({ keyCache, valueCache } = outputs as typeof outputs & { keyCache: Value; valueCache: Value })
          past += T
          await program.dispose()
        }
      })
    })

    describe('values', () => {
      const x = normal([2, 3])
      const twice = () => executor.compile(traceCase(({ x }) => ({ y: tf.mul(x, 2) }), { x }))

      test('an output holds until its program runs again, whatever other programs do', async () => {
        const [program, other] = [await twice(), await twice()]
        const y = (await program.run(upload({ x }))).y
        await other.run(upload({ x: normal([2, 3], 5) }))
        expect(await executor.read(y)).toBeAllclose(
          x.data.map(value => 2 * value),
          TOLERANCE
        )
        const next = normal([2, 3], 6)
        expect(await executor.read((await program.run(upload({ x: next }))).y)).toBeAllclose(
          next.data.map(value => 2 * value),
          TOLERANCE
        )
      })

      test('an output may be an input, a constant, or have two names', async () => {
        const { same, constant, one, two } = await run(
          ({ x }) => {
            const y = tf.neg(x)
            return { same: x, constant: tf.tensor1d([1, 2, 3]), one: y, two: y }
          },
          { x }
        )
        expect(same).toEqual(x.data)
        expect(constant).toEqual(Float32Array.of(1, 2, 3))
        expect(one).toEqual(x.data.map(value => -value))
        expect(two).toEqual(one)
      })

      test('an upload of numbers that are given away has them', async () => {
        const value = executor.upload({ shape: [3], dtype: 'float32' }, Float32Array.of(1, 2, 3), { adopt: true })
        expect(Array.from(await executor.read(value))).toEqual([1, 2, 3])
      })

      test('an upload is a copy, of any type, and zeros without numbers', async () => {
        const data = Float32Array.of(1, 2)
        const value = executor.upload({ shape: [2], dtype: 'float32' }, data)
        data[0] = 9
        expect(await executor.read(value)).toEqual(Float32Array.of(1, 2))
        expect([value.shape, value.dtype]).toEqual([[2], 'float32'])
        expect(
          await executor.read(executor.upload({ shape: [2], dtype: 'int32' }, Int32Array.of(-1, 2 ** 30)))
        ).toEqual(Int32Array.of(-1, 2 ** 30))
        expect(await executor.read(executor.upload({ shape: [3], dtype: 'bool' }, Uint8Array.of(1, 0, 1)))).toEqual(
          Uint8Array.of(1, 0, 1)
        )
        expect(await executor.read(executor.upload({ shape: [2, 2], dtype: 'float32' }))).toEqual(new Float32Array(4))
      })

      test('wrong inputs are refused with a code', async () => {
        const program = await twice()
        const good = upload({ x }).x
        const wrong: Record<string, Record<string, Value>> = {
          missing: {},
          unknown: { x: good, z: good },
          'of another shape': upload({ x: normal([3, 2]) }),
          'of another type': { x: executor.upload({ shape: [2, 3], dtype: 'int32' }) }
        }
        for (const [label, inputs] of Object.entries(wrong))
          await expect(program.run(inputs), label).rejects.toMatchObject({ code: 'EXECUTOR_INPUT' })
        expect((await program.run({ x: good })).y.shape).toEqual([2, 3])
      })
    })
  })
}

const traceCase = (fn: TensorFunction, inputs: Inputs): Graph =>
  trace(
    'case',
    fn,
    Object.fromEntries(Object.entries(inputs).map(([key, { shape, dtype }]) => [key, { shape, dtype }]))
  )

/** Runs a function by eager tfjs on the cpu backend. */
async function eager(fn: TensorFunction, inputs: Inputs): Promise<Record<string, HostData>> {
  await tf.setBackend('cpu')
  return tf.tidy(() => {
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([key, { data, shape, dtype }]) => [key, tf.tensor(data.slice(), [...shape], dtype)])
    )
    return Object.fromEntries(
      Object.entries(fn(tensors)).map(([key, tensor]) => [key, tensor.dataSync().slice() as HostData])
    )
  })
}

/** The slots of a cache [B, K, S, D] that hold tokens; what the others hold is the executor's own business. */
function filledSlots(
  cache: HostData,
  { T, D, S, past }: { T: number; D: number; S: number; past: number }
): Float32Array {
  return (cache as Float32Array).filter((_, i) => Math.floor(i / D) % S < past + T)
}
