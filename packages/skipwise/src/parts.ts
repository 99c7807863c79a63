import type { AnyPlugin, Registry } from '@skipwise/core'
import { toReference, type Collaborators, type PluginLookup, type RecipeReference } from '@skipwise/experiment'
import { readHuggingFaceRope, writeHuggingFaceRope } from '@skipwise/interpolation'
import type { Executor, ExecutorLoader } from '@skipwise/runtime'
import { loadChatTemplate } from '@skipwise/tokenizers'
import { findConfigFile, loadPlugins } from './config-file.js'
import { usageError } from './errors.js'
import { defaultRegistry } from './registry.js'

/**
 * The default plugins, those of `skipwise.config.ts` (or `.mts`, `.cts`, `.mjs`, `.js`, `.cjs`):
 * `export default { plugins: [...] }`, in the first of `folders` that has one, and `plugins`.
 *
 * @throws SkipwiseError `CLI_CONFIG`, `PLUGIN_INVALID`, `PLUGIN_DUPLICATE`, `PLUGIN_API_VERSION`
 */
export async function loadParts(
  folders: readonly string[],
  plugins: readonly AnyPlugin[] = []
): Promise<Collaborators> {
  const registry = (await loadRegistry(folders)).register(...plugins)
  return {
    registry,
    readRope: readHuggingFaceRope,
    writeRope: writeHuggingFaceRope,
    readChatTemplate: loadChatTemplate
  }
}

async function loadRegistry(folders: readonly string[]): Promise<Registry<AnyPlugin>> {
  const file = await findConfigFile(folders)
  if (file === undefined) return defaultRegistry
  const plugins = await loadPlugins(file)
  // the registry checks each: anything but a plugin is an error there
  return defaultRegistry.register(...(plugins as AnyPlugin[]))
}

/** What a word after a colon means to an executor. */
const executorWord: Readonly<Record<string, string>> = { tfjs: 'backend', tensorflow: 'dtype', onnx: 'device' }

/**
 * An executor as the command line has it, in a recipe's form: `onnx`, `onnx:webgpu`, `tfjs:cpu`, `tensorflow:bfloat16`,
 * `tensorflow:xla`, `tensorflow:bfloat16:xla`.
 */
export function executorReference(text: string, threads?: number): RecipeReference {
  const [name, ...words] = text.split(':')
  const config = words.map(word =>
    name === 'tensorflow' && word === 'xla' ? { xla: true } : { [executorWord[name] ?? 'backend']: word }
  )
  return { [name]: Object.assign({}, ...config, threads === undefined ? {} : { threads }) as Record<string, unknown> }
}

/** The executor of an option, not yet open, see {@link executorReference}. */
export async function findExecutor(text: string): Promise<ExecutorLoader> {
  const { registry } = await loadParts([process.cwd()])
  return registry.resolveUnknown('executor', toReference(executorReference(text)))
}

/** Opens the executor of an option, see {@link executorReference}. */
export async function openExecutor(registry: PluginLookup, text: string, threads?: number): Promise<Executor> {
  return registry.resolveUnknown('executor', toReference(executorReference(text, threads))).open()
}

/** JSON of an option. @throws SkipwiseError `CLI_USAGE` */
export function parseJson(text: string, option: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw usageError(
      'CLI_USAGE',
      `${option} is not JSON (${(cause as Error).message})`,
      `quote it: ${option} '{"key": 1}'`,
      cause
    )
  }
}
