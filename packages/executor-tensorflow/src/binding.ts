import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { isSkipwiseError } from '@skipwise/core'
import { unavailable } from './errors.js'

/** A result of the addon: a handle, and what it holds. */
export interface TensorInfo {
  readonly id: number
  readonly shape: readonly number[]
  readonly dtype: number
}

/** The native addon of tfjs-node 4.22, the part that we use. Handles are numbers; every one must be deleted. */
export interface Binding {
  createTensor(shape: readonly number[], dtype: number, data: Float32Array | Int32Array | Uint8Array): number
  deleteTensor(id: number): void
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array
  loadSavedModel(folder: string, tags: string): number
  deleteSavedModel(id: number): void
  /** Feeds and fetches are `name:index`, joined by commas. */
  runSavedModel(model: number, inputs: readonly number[], inputNames: string, outputNames: string): TensorInfo[]
  isUsingGpuDevice(): boolean
  readonly TF_Version: string
}

/** Packages that hold the addon, the one with a GPU first. */
const addonPackages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const

/** Environment variable: a folder whose `node_modules` holds one of {@link addonPackages}; it is looked in first. */
const FOLDER_VARIABLE = 'SKIPWISE_TFJS_NODE'

/** Where and how the addon is looked for. */
export interface AddonSearch {
  /** Files or folders (with a trailing slash) to resolve packages from, in order. */
  readonly from: readonly string[]
  readonly napiVersion: number
  readonly load: (file: string) => unknown
}

const defaultSearch = (): AddonSearch => {
  const folder = process.env[FOLDER_VARIABLE]
  return {
    from: [...(folder ? [join(folder, '/')] : []), import.meta.url, join(process.cwd(), '/')],
    napiVersion: Number(process.versions['napi']),
    load: createRequire(import.meta.url)
  }
}

/** What TensorFlow reads from the environment when it is loaded; what the user has set stays. */
export function prepareEnvironment(threads?: number): void {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'
  if (threads === undefined) return
  for (const name of ['TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS']) process.env[name] ??= String(threads)
}

/**
 * Loads the addon and nothing else of tfjs-node: its JavaScript calls `util.isNullOrUndefined`, which Node 23 no longer
 * has; the addon itself runs on every Node of ours.
 *
 * @throws SkipwiseError `EXECUTOR_UNAVAILABLE` that says which part is missing: the package, its addon, libtensorflow
 * or CUDA
 */
export function loadBinding(search: AddonSearch = defaultSearch()): Binding {
  const failures: unknown[] = []
  for (const name of addonPackages) {
    const folder = search.from.map(from => packageFolder(name, from)).find(found => found !== undefined)
    if (folder === undefined) continue
    try {
      return load(name, folder, search)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  throw unavailable(
    'tfjs-node is not installed',
    `npm install @tensorflow/tfjs-node@4.22.0 (or -gpu) and let its install script run, or set up a newer TensorFlow by tools/libtensorflow (docs/executors.md) and name its folder in ${FOLDER_VARIABLE}`
  )
}

/** Where a package is installed, as seen from a file or folder; undefined when it is not. */
function packageFolder(name: string, from: string): string | undefined {
  try {
    return dirname(createRequire(from).resolve(`${name}/package.json`))
  } catch {
    return undefined
  }
}

function load(name: string, folder: string, { napiVersion, load }: AddonSearch): Binding {
  const file = addonFile(folder, napiVersion)
  if (file === undefined) {
    throw unavailable(
      `${name} is installed in ${folder}, but its addon was never downloaded or built (lib/napi-v*/tfjs_binding.node is missing)`,
      `run its install script where storage.googleapis.com can be reached (npm rebuild ${name}; pnpm: approve-builds), or use tools/libtensorflow, which downloads nothing`
    )
  }
  try {
    return load(file) as Binding
  } catch (error) {
    throw loadError(name, error)
  }
}

/** The addon of the newest Node-API that this Node speaks. */
export function addonFile(folder: string, napiVersion: number): string | undefined {
  const versions = entries(join(folder, 'lib'))
    .flatMap(entry => /^napi-v(\d+)$/.exec(entry)?.[1] ?? [])
    .map(Number)
  for (const version of versions.filter(version => version <= napiVersion).sort((a, b) => b - a)) {
    const inside = join(folder, 'lib', `napi-v${version}`)
    if (entries(inside).includes('tfjs_binding.node')) return join(inside, 'tfjs_binding.node')
  }
  return undefined
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** What the dynamic linker says of an addon that cannot be loaded, with the fix. */
function loadError(name: string, error: unknown) {
  if (isSkipwiseError(error)) return error
  const message = error instanceof Error ? error.message.split('\n')[0] : String(error)
  const library = /(lib[\w.-]+\.so[\w.]*|[\w.-]+\.(?:dylib|dll))/.exec(message)?.[1] ?? 'a library'
  if (/^lib(cu|nccl|nvrtc|nvinfer)/.test(library)) {
    return unavailable(
      `${name} cannot be loaded: the CUDA library ${library} is missing (${message})`,
      'tfjs-node-gpu 4.22 needs CUDA 11.2 and cuDNN 8.1 in LD_LIBRARY_PATH; for CUDA 12 set up a newer TensorFlow by tools/libtensorflow, or use @tensorflow/tfjs-node',
      error
    )
  }
  if (/libtensorflow/.test(library)) {
    return unavailable(
      `${name} cannot be loaded: ${library} is missing (${message})`,
      `download it again (npm rebuild ${name}) or run tools/libtensorflow again: the Python wheel that it points to may have moved`,
      error
    )
  }
  return unavailable(
    `${name} cannot be loaded: ${message}`,
    `build it again for this Node and this system: npm rebuild ${name}, or tools/libtensorflow`,
    error
  )
}
