import { writeSafetensors } from '@skipwise/checkpoints'
import { openModelFolder } from '@skipwise/experiment'
import type { ModelDefinition, PositionalEncoding } from '@skipwise/nn'
import type { Executor } from '@skipwise/runtime'
import { uncachedLogits } from '@skipwise/testing'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exportFor } from '../src/commands/export.js'
import type { ExportCommandOptions } from '../src/export-options.js'
import { loadParts } from '../src/parts.js'
import type { Terminal } from '../src/terminal.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const folder = join(root, 'tools', 'llama-cpp')

/** Why llama.cpp cannot be run; undefined where it can. */
export const withoutLlamaCpp: string | undefined = (() => {
  const script = `import { installedLlamaCpp } from ${JSON.stringify(`file://${join(folder, 'installed.mjs')}`)}
  process.exit(installedLlamaCpp() ? 0 : 1)`
  const { status } = spawnSync(process.execPath, ['--input-type=module', '--eval', script])
  return status === 0 ? undefined : 'llama.cpp is not installed (node tools/llama-cpp/setup.mjs)'
})()

/** What llama.cpp is asked, see tools/llama-cpp/run.mjs. */
export interface LlamaCppRequest {
  readonly file: string
  /** Tokens of context. */
  readonly context: number
  readonly ids?: readonly number[]
  /** Positions to look at; default all. */
  readonly at?: readonly number[]
  /** Whole distributions rather than the probability of the next id. */
  readonly all?: boolean
  readonly texts?: readonly string[]
  /** Number of ids to generate after the given ones. */
  readonly generate?: number
}

export interface LlamaCppResult {
  /** [T, V] */
  readonly probabilities: readonly (readonly number[])[]
  /** By position that was asked for. */
  readonly next: readonly number[]
  /** Of each text. */
  readonly ids: readonly (readonly number[])[]
  readonly generated: readonly number[]
  readonly error?: string
}

/** Runs llama.cpp in a process of its own; fewer results than requests say that it ended early. */
export function runLlamaCpp(work: string, requests: readonly LlamaCppRequest[]): LlamaCppResult[] {
  const [asked, answered] = [join(work, 'requests.json'), join(work, 'results.jsonl')]
  writeFileSync(asked, JSON.stringify(requests))
  spawnSync(process.execPath, [join(folder, 'run.mjs'), asked, answered], { stdio: ['ignore', 'ignore', 'inherit'] })
  const lines = existsSync(answered) ? readFileSync(answered, 'utf8').trim().split('\n') : []
  return lines.filter(line => line !== '').map(line => JSON.parse(line) as LlamaCppResult)
}

/** A terminal that records what is said. */
export function silentTerminal(): Terminal & { readonly notes: string[] } {
  const notes: string[] = []
  return {
    json: true,
    progress: () => undefined,
    signal: new AbortController().signal,
    say: () => undefined,
    note: text => void notes.push(text),
    result: () => undefined,
    notes
  }
}

/** Exports a model folder to `output`. @returns what it noted */
export async function exportModel(
  model: string,
  output: string,
  options: Omit<Partial<ExportCommandOptions>, 'for' | 'output'> = {}
): Promise<readonly string[]> {
  const terminal = silentTerminal()
  await exportFor(model, { for: 'gguf', output, type: 'f32', overwrite: true, ...options }, terminal)
  return terminal.notes
}

/** Gives a model a tokenizer of so many tokens, which llama.cpp loads; texts are not its purpose. */
export function giveTokenizer(model: string, vocabSize: number): void {
  const named = new Map([
    [1, '<s>'],
    [2, '</s>'],
    [3, '\u010a']
  ])
  const vocab = Object.fromEntries(Array.from({ length: vocabSize }, (_, id) => [named.get(id) ?? `t${id}`, id]))
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
  const tokenizer = {
    version: '1.0',
    added_tokens: [1, 2].map(id => ({ id, content: named.get(id), ...flags })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: { type: 'BPE', vocab, merges: [] }
  }
  writeFileSync(join(model, 'tokenizer.json'), JSON.stringify(tokenizer))
  writeFileSync(join(model, 'tokenizer_config.json'), JSON.stringify({ bos_token: '<s>', eos_token: '</s>' }))
}

/** Writes a model folder with a tokenizer. */
export async function writeModel(
  model: string,
  config: Readonly<Record<string, unknown>>,
  { parameters, geometry }: Pick<ModelDefinition, 'parameters' | 'geometry'>,
  weights: ReadonlyMap<string, Float32Array>
): Promise<void> {
  mkdirSync(model, { recursive: true })
  writeFileSync(join(model, 'config.json'), JSON.stringify(config))
  const tensors = parameters.map(({ name, shape }) => ({ name, shape, data: weights.get(name) ?? new Float32Array() }))
  await writeSafetensors(join(model, 'model.safetensors'), tensors)
  giveTokenizer(model, geometry.vocabSize)
}

/**
 * Probabilities [T, V] that Skipwise computes for ids at the positions 0, 1, …, by one pass without a cache.
 *
 * @param tables of cos and sin, in place of those of the model
 */
export async function ourProbabilities(
  executor: Executor,
  model: string,
  ids: readonly number[],
  tables?: PositionalEncoding['tables']
): Promise<Float64Array[]> {
  const parts = await loadParts([process.cwd()])
  const source = await openModelFolder(model, parts)
  const { rope } = source
  const encoding = tables === undefined ? source.encoding : { ...source.encoding, tables }
  const frequencies = parts.registry
    .resolveUnknown('interpolation', rope)
    .frequencies({ ...rope.geometry, length: rope.geometry.targetLength })
  const given = { model: source.model, encoding, frequencies, weights: await source.weights() }
  const logits = await uncachedLogits(executor, given, Int32Array.from(ids))
  const V = logits.length / ids.length
  return ids.map((_, t) => softmax(logits.subarray(t * V, (t + 1) * V)))
}

/**
 * Tables of yarn as ggml computes them, in float32 throughout: the angle of a pair is that of the pair before it, times
 * a constant, so that it is off by more the further a position is (`ggml_rope_cache_init` and `rope_yarn`).
 */
export function yarnOfGgml(base: number, dims: number, factor: number, original: number): PositionalEncoding['tables'] {
  const { fround, min, max, log, floor, ceil } = Math
  const scale = fround(base ** (-2 / dims))
  const freqScale = fround(1 / factor)
  const end = (rotations: number) => (dims * log(original / (rotations * 2 * Math.PI))) / (2 * log(base))
  const low = max(0, floor(end(32)))
  const high = min(dims - 1, ceil(end(1)))
  const attention = fround(1 + fround(fround(0.1) * fround(log(fround(1 / freqScale)))))
  return positionIds => {
    const cos = new Float32Array((positionIds.length * dims) / 2)
    const sin = new Float32Array(cos.length)
    positionIds.forEach((position, t) => {
      let theta = position
      for (let i = 0; i < dims / 2; i++) {
        const mix = fround(1 - min(1, max(0, fround(fround(i - low) / max(0.001, high - low)))))
        const interpolated = fround(fround(freqScale * theta) * fround(1 - mix))
        const angle = fround(interpolated + fround(theta * mix))
        cos[(t * dims) / 2 + i] = fround(fround(Math.cos(angle)) * attention)
        sin[(t * dims) / 2 + i] = fround(fround(Math.sin(angle)) * attention)
        theta = fround(theta * scale)
      }
    })
    return { cos, sin }
  }
}

function softmax(logits: Float32Array): Float64Array {
  const most = logits.reduce((a, b) => Math.max(a, b))
  const exponentials = Float64Array.from(logits, x => Math.exp(x - most))
  const sum = exponentials.reduce((a, b) => a + b)
  return exponentials.map(x => x / sum)
}

/** Largest difference of two tables of probabilities, and how often the most likely ids agree. */
export function compareProbabilities(ours: readonly ArrayLike<number>[], theirs: readonly ArrayLike<number>[]) {
  let difference = 0
  let same = 0
  ours.forEach((row, t) => {
    const other = theirs[t]
    for (let id = 0; id < row.length; id++) difference = Math.max(difference, Math.abs(row[id] - other[id]))
    same += Number(best(row) === best(other))
  })
  return { difference, same: same / ours.length }
}

const best = (row: ArrayLike<number>) => {
  let at = 0
  for (let i = 1; i < row.length; i++) if (row[i] > row[at]) at = i
  return at
}
