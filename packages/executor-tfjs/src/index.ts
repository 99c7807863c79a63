import { createRequire } from 'node:module'
import util from 'node:util'
import { definePlugin, isSkipwiseError, SkipwiseError } from '@skipwise/core'
import { openInterpreter, tf, type Executor } from '@skipwise/runtime'
import { z } from 'zod'

/** Packages that register a tfjs backend when imported. */
const backendPackages: Readonly<Record<string, readonly string[]>> = {
  cpu: [],
  wasm: ['@tensorflow/tfjs-backend-wasm'],
  tensorflow: ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']
}

/**
 * Opens a tfjs backend as an executor: `cpu` and `wasm` are always there, `tensorflow` when `@tensorflow/tfjs-node-gpu`
 * or `@tensorflow/tfjs-node` is installed; any other name must have been registered with tfjs before.
 *
 * @throws SkipwiseError `EXECUTOR_UNAVAILABLE`
 */
export async function openTfjsExecutor(backend: string): Promise<Executor> {
  await loadBackend(backend)
  return openInterpreter(backend)
}

async function loadBackend(backend: string): Promise<void> {
  if (tf.engine().registryFactory[backend]) return
  const packages = backendPackages[backend] ?? []
  const failures: string[] = []
  if (backend === 'tensorflow' && !('isNullOrUndefined' in util)) {
    throw unavailable(
      backend,
      'tfjs-node 4.22 calls util.isNullOrUndefined, which Node 23 removed',
      'use the executor tensorflow, which loads only the native addon, or Node 20 or 22'
    )
  }
  for (const name of packages) {
    try {
      await import(name)
      return
    } catch (error) {
      failures.push(`${name}: ${isInstalled(name) ? (error as Error).message : 'not installed'}`)
    }
  }
  throw unavailable(backend, failures.join('; ') || 'no such backend is registered with tfjs')
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}

const unavailable = (backend: string, reason: string, fix = 'use the backend cpu or wasm, or the executor onnx') =>
  new SkipwiseError('EXECUTOR_UNAVAILABLE', { problem: `the tfjs backend '${backend}' cannot be used: ${reason}`, fix })

/** Eager TensorFlow.js: the fallback where ONNX Runtime does not run, and the oracle of the tests. */
export const tfjsExecutor = definePlugin({
  kind: 'executor',
  name: 'tfjs',
  summary: 'eager TensorFlow.js: cpu, wasm, or tensorflow when tfjs-node(-gpu) is installed',
  config: z.strictObject({ backend: z.string().default('wasm') }),
  create: ({ backend }) => ({
    open: () => openTfjsExecutor(backend),
    async unavailable() {
      try {
        await openTfjsExecutor(backend)
        return undefined
      } catch (error) {
        return isSkipwiseError(error) ? `${error.problem}; ${error.fix}` : String(error)
      }
    }
  })
})
