import { SkipwiseError, type ProgressListener, type Tokenizer } from '@skipwise/core'
import { COMPANION_FILES } from '@skipwise/hub'
import { join } from 'node:path'
import {
  checkFolderFile,
  parseJson,
  readFolderFile,
  removeOwnFiles,
  TEMPORARY_FILE,
  writeChangedConfig,
  writeCheckpoint,
  writeFileAtomic,
  writeJsonAtomic,
  writeModelConfig,
  type ModelConfig,
  type WritableDtype
} from '@skipwise/checkpoints'
import { readdir } from 'node:fs/promises'

/** A model to write. */
export interface ModelToSave {
  readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[]
  /** Row-major float32 by name, or a function that is called once for each parameter, when it is written. */
  readonly weights: ReadonlyMap<string, Float32Array> | ((name: string) => Promise<Float32Array>)
  /** `config.json`. */
  readonly config: ModelConfig
  /** Text of the `config.json` that `config` was made from: what did not change keeps its spelling. */
  readonly configText?: string | undefined
  readonly dtype: WritableDtype
  /** Bytes of weights in one file; default 5 × 10⁹. */
  readonly maxShardBytes?: number | undefined
  /**
   * Folders whose tokenizer, chat template, generation_config.json and licence are copied; of a file in several the
   * last.
   */
  readonly companions: readonly string[]
  /** Its BOS and EOS go into generation_config.json where no folder has one. */
  readonly tokenizer?: Pick<Tokenizer, 'bosId' | 'eosId'> | undefined
  /** Window of the model where it is lengthened: `model_max_length` of tokenizer_config.json follows it. */
  readonly window?: number | undefined
  readonly progress?: ProgressListener | undefined
}

/**
 * Writes a Hugging Face model folder: safetensors, `config.json`, and the files of tokenizer and generation. The same
 * model gives the same bytes, also after it was read from such a folder. Files of other names in the folder stay.
 *
 * @returns the SHA-256 of the files of weights by name, computed while they were written
 * @throws SkipwiseError what writing throws
 */
export async function saveModel(
  folder: string,
  {
    parameters,
    weights,
    config,
    configText,
    dtype,
    maxShardBytes,
    companions,
    tokenizer,
    window,
    progress
  }: ModelToSave
): Promise<ReadonlyMap<string, string>> {
  // A process that was killed here before left files as large as the model.
  await removeOwnFiles(folder, path => TEMPORARY_FILE.test(path))
  const read = (name: string) => (typeof weights === 'function' ? weights(name) : (weights.get(name) as Float32Array))
  const tensors = parameters.map(({ name, shape }) => ({ name, shape, data: () => read(name) }))
  const onProgress = (done: number, total: number) => progress?.({ task: 'write weights', done, total, unit: 'bytes' })
  const digests = await writeCheckpoint(folder, tensors, {
    dtype,
    onProgress,
    maxShardBytes
  })
  await (configText === undefined ? writeModelConfig(folder, config) : writeChangedConfig(folder, configText, config))
  for (const from of new Set(companions)) {
    for (const name of await companionsIn(from)) {
      const bytes = (await readFolderFile(from, name)) ?? missing(from, name)
      const isLengthened = window !== undefined && name === 'tokenizer_config.json'
      await writeFileAtomic(join(folder, name), isLengthened ? withWindow(bytes, join(from, name), window) : bytes)
    }
  }
  const generation = generationConfig(config, tokenizer)
  const names = await readdir(folder)
  if (generation && !names.includes('generation_config.json'))
    await writeJsonAtomic(join(folder, 'generation_config.json'), generation)
  return digests
}

/** Names of the companion files of a folder. */
const companionsIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter(name => COMPANION_FILES.test(name)).sort()

/**
 * Looks at the files that {@link saveModel} will copy, so that one that may not be copied is said before any work.
 *
 * @throws SkipwiseError `FILE_REFUSED`
 */
export async function checkCompanions(folder: string): Promise<void> {
  for (const name of await companionsIn(folder)) {
    if (!(await checkFolderFile(folder, name))) missing(folder, name)
  }
}

/** A link to nothing is listed, and is not there. */
function missing(folder: string, name: string): never {
  throw new SkipwiseError('FILE_REFUSED', {
    problem: `${join(folder, name)} is a link to a file that does not exist`,
    fix: 'replace it with a regular file, or remove it'
  })
}

/** Where generation begins and ends: what config.json says, or else the tokenizer. */
function generationConfig(
  config: ModelConfig,
  tokenizer: ModelToSave['tokenizer']
): Record<string, unknown> | undefined {
  const ids = {
    bos_token_id: config['bos_token_id'] ?? tokenizer?.bosId,
    eos_token_id: config['eos_token_id'] ?? tokenizer?.eosId
  }
  const known = Object.fromEntries(Object.entries(ids).filter(([, id]) => id !== undefined && id !== null))
  return Object.keys(known).length ? { _from_model_config: true, ...known } : undefined
}

/** `model_max_length` follows the window: transformers warns, and some callers cut, beyond it. */
function withWindow(bytes: Uint8Array, file: string, target: number): string | Uint8Array {
  const json = parseJson(bytes, file, 'TOKENIZER_INVALID').object
  if (typeof json['model_max_length'] !== 'number' || json['model_max_length'] >= target) return bytes
  return `${JSON.stringify({ ...json, model_max_length: target }, null, 2)}\n`
}

/** Bytes of a size such as `5GB`, in powers of ten as transformers counts, or a number. */
export function bytesOfSize(size: number | string): number {
  if (typeof size === 'number') return size
  const [, digits, unit] = /^(\d+(?:\.\d+)?) ?(KB|MB|GB)$/.exec(size) as RegExpExecArray
  return Math.floor(Number(digits) * { KB: 1e3, MB: 1e6, GB: 1e9 }[unit as 'KB' | 'MB' | 'GB'])
}
