import { SkipwiseError, type HuggingFaceRope, withoutUndefined } from '@skipwise/core'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from './atomic.js'
import { readFolderFile, readNamedFile } from './guarded-file.js'
import { parseJson } from './json-file.js'

/** `config.json` of a model folder: all keys are kept, also unknown ones. */
export type ModelConfig = Readonly<Record<string, unknown>>

/** Name of the configuration in a model folder. */
export const CONFIG_FILE = 'config.json'

/** A `config.json` with its text. */
export interface ConfigFile {
  readonly path: string
  readonly text: string
  readonly config: ModelConfig
}

/**
 * Reads `config.json` of a model folder.
 *
 * @throws SkipwiseError `MODEL_CONFIG_NOT_FOUND`, `MODEL_CONFIG_INVALID`, `FILE_REFUSED`
 */
export const readModelConfig = async (folder: string): Promise<ModelConfig> => (await readConfigIn(folder)).config

/**
 * Reads a `config.json`, named itself or by its folder, with its text.
 *
 * @throws SkipwiseError `MODEL_CONFIG_NOT_FOUND`, `MODEL_CONFIG_INVALID`, `FILE_REFUSED`
 */
export async function readConfigFile(fileOrFolder: string): Promise<ConfigFile> {
  const isFolder = await stat(fileOrFolder).then(
    entry => entry.isDirectory(),
    () => false
  )
  if (isFolder) return readConfigIn(fileOrFolder)
  return parseConfig(fileOrFolder, await readNamedFile(fileOrFolder, 'config'))
}

const readConfigIn = async (folder: string): Promise<ConfigFile> =>
  parseConfig(join(folder, CONFIG_FILE), await readFolderFile(folder, CONFIG_FILE))

function parseConfig(path: string, bytes: Uint8Array | undefined): ConfigFile {
  if (bytes === undefined) {
    throw new SkipwiseError('MODEL_CONFIG_NOT_FOUND', {
      problem: `there is no ${path}`,
      fix: 'pass the folder of a Hugging Face model'
    })
  }
  const { text, object } = parseJson(bytes, path, 'MODEL_CONFIG_INVALID')
  return { path, text, config: object }
}

/**
 * Writes `config.json` of a model folder, atomically and as transformers does: keys sorted, indented by two, and with a
 * decimal point in every number that is a float for transformers: `"factor": 8.0`.
 *
 * @throws SkipwiseError `DISK_FULL`, `CHECKPOINT_WRITE_FAILED`
 */
export async function writeModelConfig(folder: string, config: ModelConfig): Promise<void> {
  await writeFileAtomic(join(folder, CONFIG_FILE), stringifyConfig(config))
}

const ORIGINAL = 'original_max_position_embeddings'

/**
 * A configuration with the RoPE keys of an interpolation scheme, old (`rope_scaling`, `rope_theta`) and new
 * (`rope_parameters`), so that transformers 4 and 5 read the same. `partial_rotary_factor` of a model's
 * `rope_parameters` is kept: it belongs to the model, not to the scheme.
 *
 * @param windowKeys the keys of the window in the model's architecture
 */
export function applyRope(
  config: ModelConfig,
  rope: HuggingFaceRope,
  windowKeys: readonly string[] = ['max_position_embeddings']
): ModelConfig {
  const before = config['rope_parameters'] as Record<string, unknown> | null | undefined
  const partial = before?.['partial_rotary_factor']
  // transformers reads it at the top first, so a value there is updated or removed
  const { [ORIGINAL]: oldOriginal, ...rest } = config
  const original = rope[ORIGINAL] ?? (oldOriginal === undefined ? undefined : rope.rope_parameters[ORIGINAL])
  return withoutUndefined({
    ...rest,
    [ORIGINAL]: original,
    rope_parameters: withoutUndefined({ ...rope.rope_parameters, partial_rotary_factor: partial }),
    rope_scaling: rope.rope_scaling,
    rope_theta: rope.rope_theta,
    ...Object.fromEntries(windowKeys.map(key => [key, rope.max_position_embeddings]))
  })
}

/**
 * Keys of configurations whose numbers are floats. JavaScript prints 8 for 8.0, and transformers ≤ 4 checks RoPE
 * numbers by `isinstance(factor, float)` (`modeling_rope_utils.py`), transformers 5 by the annotations of the
 * configuration class.
 */
const FLOAT_KEYS: ReadonlySet<string> = new Set([
  'attention_dropout',
  'attention_factor',
  'attn_factor',
  'attn_logit_softcapping',
  'attn_pdrop',
  'beta_fast',
  'beta_slow',
  'embd_pdrop',
  'embedding_dropout',
  'factor',
  'final_logit_softcapping',
  'hidden_dropout',
  'high_freq_factor',
  'initializer_range',
  'layer_norm_eps',
  'layer_norm_epsilon',
  'long_factor',
  'long_mscale',
  'low_freq_factor',
  'mscale',
  'mscale_all_dim',
  'partial_rotary_factor',
  'resid_pdrop',
  'residual_dropout',
  'rms_norm_eps',
  'rope_local_base_freq',
  'rope_theta',
  'short_factor',
  'short_mscale'
])

/**
 * JSON of a configuration: keys sorted, indented by two, floats with a decimal point or an exponent, a final line end.
 */
export function stringifyConfig(config: ModelConfig): string {
  return `${print(config, '\n', false)}\n`
}

function print(value: unknown, newline: string, isFloat: boolean): string {
  const inner = `${newline}  `
  if (Array.isArray(value)) {
    return value.length
      ? `[${inner}${value.map(item => print(item, inner, isFloat)).join(`,${inner}`)}${newline}]`
      : '[]'
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
    if (!entries.length) return '{}'
    return `{${inner}${entries.map(([key, item]) => `${JSON.stringify(key)}: ${print(item, inner, FLOAT_KEYS.has(key))}`).join(`,${inner}`)}${newline}}`
  }
  return printScalar(value, isFloat)
}

function printScalar(value: unknown, isFloat: boolean): string {
  const text = JSON.stringify(value) ?? 'null'
  return isFloat && Number.isInteger(value) && /^-?\d+$/.test(text) ? `${text}.0` : text
}

/** Options of {@link printConfigValue}. */
export interface ConfigValueStyle {
  /** The key that the value belongs to. */
  readonly key: string
  /** Line break and indentation of that key; empty for a file on one line. */
  readonly newline: string
  /** One step of indentation. */
  readonly step: string
  /** Spelling of the numbers of the value that was there before, by their path in it as JSON. */
  readonly spellings: ReadonlyMap<string, string>
}

/** Keys that transformers before 4.43 accepts only as floats: an integer there is corrected. */
const STRICT_FLOATS: ReadonlySet<string> = new Set(['factor', 'attention_factor'])

/**
 * JSON of a value for a place in a `config.json`: floats have a decimal point, and numbers that were there before keep
 * their spelling.
 */
export function printConfigValue(value: unknown, { key, newline, step, spellings }: ConfigValueStyle): string {
  const line = newline === '' ? '' : newline
  return write(value, key, line, [])

  function write(each: unknown, at: string, indent: string, path: readonly (string | number)[]): string {
    const inner = indent === '' ? '' : indent + step
    const [open, separator, close] = indent === '' ? ['', ', ', ''] : [inner, `,${inner}`, indent]
    if (Array.isArray(each)) {
      return each.length === 0
        ? '[]'
        : `[${open}${each.map((item, i) => write(item, at, inner, [...path, i])).join(separator)}${close}]`
    }
    if (typeof each === 'object' && each !== null) {
      const members = Object.entries(each).filter(([, item]) => item !== undefined)
      if (members.length === 0) return '{}'
      return `{${open}${members.map(([name, item]) => `${JSON.stringify(name)}: ${write(item, name, inner, [...path, name])}`).join(separator)}${close}}`
    }
    const spelled = spellings.get(JSON.stringify(path))
    const keep =
      spelled !== undefined && Number(spelled) === each && !(STRICT_FLOATS.has(at) && /^-?\d+$/.test(spelled))
    return keep ? spelled : printScalar(each, FLOAT_KEYS.has(at))
  }
}
