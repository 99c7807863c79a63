import type { ParameterSpec } from '@skipwise/nn'
import {
  tf,
  trace,
  type Executor,
  type Graph,
  type Program,
  type Value,
  type Values,
  type ValueSpec
} from '@skipwise/runtime'

/** Exponential moving average of the weights: the model that is written is the average. */
export interface AverageOptions {
  /**
   * What an average keeps of itself at each update, in (0, 1); smaller in the first updates: at most (1 + t) / (10 +
   * t).
   */
  readonly decay: number
}

/** Name of a parameter's average among the tensors of a state. */
export const averageName = (parameter: string): string => `average:${parameter}`

/** What the average keeps at update t = 0, 1, …: the first weights are soon forgotten, whatever the decay. */
export const averageDecay = (update: number, { decay }: AverageOptions): number =>
  Math.min(decay, (1 + update) / (10 + update))

/** average ← keep · average + (1 − keep) · parameter, for every parameter. */
function traceAverage(trained: readonly ParameterSpec[]): Graph {
  const specs: Record<string, ValueSpec> = { keep: { shape: [], dtype: 'float32' } }
  for (const { name, shape } of trained)
    for (const key of [name, averageName(name)]) specs[key] = { shape, dtype: 'float32' }
  return trace(
    'weight average',
    inputs =>
      Object.fromEntries(
        trained.map(({ name }) => {
          const average = inputs[averageName(name)]
          return [
            averageName(name),
            tf.add(average, tf.mul(tf.sub(tf.scalar(1), inputs.keep), tf.sub(inputs[name], average)))
          ]
        })
      ),
    specs
  )
}

/** The average of some parameters on a device. */
export class WeightAverage {
  private constructor(
    private readonly executor: Executor,
    private readonly options: AverageOptions,
    private readonly program: Program,
    private averages: Record<string, Value>
  ) {}

  /** @param tensors averages by `averageName`, else the parameters they begin at by name */
  static async create(
    executor: Executor,
    trained: readonly ParameterSpec[],
    options: AverageOptions,
    tensors: ReadonlyMap<string, Float32Array>
  ): Promise<WeightAverage> {
    const names = trained.map(({ name }) => averageName(name))
    const program = await executor.compile(traceAverage(trained), {
      donate: Object.fromEntries(names.map(name => [name, name]))
    })
    const averages = trained.map(
      ({ name, shape }) =>
        [
          averageName(name),
          executor.upload({ shape, dtype: 'float32' }, tensors.get(averageName(name)) ?? tensors.get(name))
        ] as const
    )
    return new WeightAverage(executor, options, program, Object.fromEntries(averages))
  }

  /** By `averageName`. */
  get values(): Values {
    return this.averages
  }

  /** @param update how many updates there were before this one */
  async update(parameters: Values, update: number): Promise<void> {
    const keep = this.executor.upload(
      { shape: [], dtype: 'float32' },
      Float32Array.of(averageDecay(update, this.options))
    )
    this.averages = { ...(await this.program.run({ ...parameters, ...this.averages, keep })) }
    keep.dispose()
  }

  async dispose(): Promise<void> {
    for (const value of Object.values(this.averages)) value.dispose()
    await this.program.dispose()
  }
}
