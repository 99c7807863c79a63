import { randomStream, SkipwiseError } from '@skipwise/core'
import { adapterName, type ParameterSpec } from '@skipwise/nn'
import { sizeOf } from '@skipwise/runtime'

/**
 * Low-rank adaptation (Hu et al., ICLR 2022): a frozen matrix W acts as W + alpha/rank · B·A, and only A and B are
 * trained.
 */
export interface LoraOptions {
  /** Rows of A and columns of B. */
  readonly rank: number
  /** Default: `rank`, so that the product counts as it is. */
  readonly alpha?: number | undefined
  /**
   * Scale by alpha/√rank, under which gradients keep their size at any rank (rsLoRA, Kalajdzievski 2023); PEFT's
   * `use_rslora`.
   */
  readonly rankStabilized?: boolean | undefined
  /**
   * Last parts of the names of the modules to adapt, such as `q_proj`, or `'all-linear'` for every matrix of the
   * blocks; PEFT's rule.
   */
  readonly targets: readonly string[] | 'all-linear'
  /**
   * Ends of the names of modules that are trained whole next to the adapters, such as `embed_tokens` and `norm`
   * (LongLoRA); PEFT's `modules_to_save`.
   */
  readonly alsoTrain?: readonly string[] | undefined
  /** Of the random A. */
  readonly seed: number
}

/** The adapter of one matrix. */
export interface LoraAdapter {
  /** Name of the adapted parameter, `….weight`. */
  readonly target: string
  /** A: [rank, in]. */
  readonly a: ParameterSpec
  /** B: [out, rank]. */
  readonly b: ParameterSpec
}

/** What B·A is multiplied by. */
export const loraScale = ({ rank, alpha = rank, rankStabilized = false }: LoraOptions): number =>
  alpha / (rankStabilized ? Math.sqrt(rank) : rank)

const moduleOf = (parameter: string) => parameter.slice(0, parameter.lastIndexOf('.'))
const isModule = (module: string, name: string) => module === name || module.endsWith(`.${name}`)

/**
 * The adapters of a model, and which of its parameters are trained whole.
 *
 * @throws SkipwiseError `TRAINING_LORA`
 */
export function loraAdapters(
  parameters: readonly ParameterSpec[],
  { rank, targets, alsoTrain = [] }: LoraOptions
): { adapters: LoraAdapter[]; whole: Set<string> } {
  const matrices = parameters.filter(({ name, shape }) => name.endsWith('.weight') && shape.length === 2)
  // embedding and output layer stand outside the numbered blocks
  const isLinear = ({ name }: ParameterSpec) => /\.\d+\./.test(name)
  const whole = new Set(
    parameters.filter(({ name }) => alsoTrain.some(end => moduleOf(name).endsWith(end))).map(({ name }) => name)
  )
  for (const end of alsoTrain) {
    if (!parameters.some(({ name }) => moduleOf(name).endsWith(end)))
      throw loraError(`the model has no module called '${end}'`, `use a name such as ${moduleNames(parameters)}`)
  }
  if (targets !== 'all-linear') {
    for (const last of targets) {
      const found = matrices.filter(({ name }) => isModule(moduleOf(name), last))
      if (!found.length)
        throw loraError(
          `the model has no matrix called '${last}'`,
          `use names such as ${moduleNames(matrices.filter(isLinear))}, or all-linear`
        )
      if (!found.every(isLinear))
        throw loraError(
          `'${last}' is an embedding or the output layer, which cannot have an adapter`,
          `train it in full: alsoTrain: [${last}]`
        )
    }
  }
  const adapted = matrices.filter(spec =>
    targets === 'all-linear' ? isLinear(spec) : targets.some(last => isModule(moduleOf(spec.name), last))
  )
  const both = adapted.find(({ name }) => whole.has(name))
  if (both)
    throw loraError(
      `'${moduleOf(both.name)}' is both a target of adapters and trained in full`,
      'remove it from targets or from alsoTrain'
    )
  const adapters = adapted.map(({ name, shape: [rows, columns] }): LoraAdapter => ({
    target: name,
    a: { name: adapterName(moduleOf(name), 'A'), shape: [rank, columns], initializer: 'normal' },
    b: { name: adapterName(moduleOf(name), 'B'), shape: [rows, rank], initializer: 'zeros' }
  }))
  return { adapters, whole }
}

/** The distinct last parts of the names of some parameters' modules. */
const moduleNames = (parameters: readonly ParameterSpec[]) =>
  [...new Set(parameters.map(({ name }) => moduleOf(name).split('.').at(-1)))].join(', ')

/**
 * Adapters as PEFT initialises them: A uniform in ±1/√in (Kaiming, a = √5), B zero, so that the model begins unchanged.
 */
export function initializeAdapters(adapters: readonly LoraAdapter[], seed: number): Map<string, Float32Array> {
  return new Map(
    adapters.flatMap(({ a, b }) => {
      const random = randomStream({ seed, stream: `adapter ${a.name}` })
      const bound = 1 / Math.sqrt(a.shape[1])
      return [
        [a.name, Float32Array.from({ length: sizeOf(a.shape) }, () => (2 * random.uniform() - 1) * bound)],
        [b.name, new Float32Array(sizeOf(b.shape))]
      ] as const
    })
  )
}

/** W + scale · B·A, summed in float64. */
export function mergeAdapter(
  weight: Float32Array,
  {
    a: {
      shape: [rank, columns]
    },
    b: {
      shape: [rows]
    }
  }: LoraAdapter,
  a: Float32Array,
  b: Float32Array,
  scale: number
): Float32Array {
  const merged = new Float32Array(weight.length)
  const row = new Float64Array(columns)
  for (let i = 0; i < rows; i++) {
    row.fill(0)
    const factor = (k: number) => scale * b[i * rank + k]
    let k = 0
    // four at once, in the order of one by one: the row is read and written a quarter as often
    for (; k + 4 <= rank; k += 4) {
      const [f0, f1, f2, f3] = [factor(k), factor(k + 1), factor(k + 2), factor(k + 3)]
      const at = k * columns
      for (let j = at; j < at + columns; j++)
        row[j - at] = row[j - at] + f0 * a[j] + f1 * a[j + columns] + f2 * a[j + 2 * columns] + f3 * a[j + 3 * columns]
    }
    for (; k < rank; k++) {
      const one = factor(k)
      for (let j = 0; j < columns; j++) row[j] += one * a[k * columns + j]
    }
    for (let j = 0; j < columns; j++) merged[i * columns + j] = weight[i * columns + j] + row[j]
  }
  return merged
}

const loraError = (problem: string, fix: string) => new SkipwiseError('TRAINING_LORA', { problem, fix })
