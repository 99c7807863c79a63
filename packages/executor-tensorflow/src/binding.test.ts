import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadBinding, type AddonSearch } from './binding.js'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'skipwise-addon-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** An installed package, with addons for these versions of Node-API that no linker takes. */
function install(name: string, napiVersions: readonly number[] = []): string {
  const root = join(folder, 'node_modules', name)
  mkdirSync(root, { recursive: true })
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name, version: '4.22.0' }))
  for (const version of napiVersions) {
    mkdirSync(join(root, 'lib', `napi-v${version}`), { recursive: true })
    writeFileSync(join(root, 'lib', `napi-v${version}`, 'tfjs_binding.node'), 'no library')
  }
  return root
}

const search = (
  load: AddonSearch['load'] = () => {
    throw new Error('file too short')
  }
): AddonSearch => ({ from: [join(folder, '/')], napiVersion: 9, load })
const failing = (message: string) =>
  search(() => {
    throw new Error(`${message}\nRequire stack:`)
  })

describe('the addon of tfjs-node', () => {
  const refused = (problem: RegExp, fix: RegExp) =>
    expect.objectContaining({
      code: 'EXECUTOR_UNAVAILABLE',
      problem: expect.stringMatching(problem),
      fix: expect.stringMatching(fix)
    })

  test('absent: says what to install', () => {
    expect(() => loadBinding(search())).toThrow(
      refused(/not installed/, /npm install @tensorflow\/tfjs-node@4\.22\.0.*tools\/libtensorflow/)
    )
  })

  test('installed without its download: says which file is missing and how to get it', () => {
    install('@tensorflow/tfjs-node')
    expect(() => loadBinding(search())).toThrow(
      refused(/never downloaded or built.*tfjs_binding\.node/, /npm rebuild.*tools\/libtensorflow/)
    )
  })

  test('built for a newer Node only: the same', () => {
    install('@tensorflow/tfjs-node', [12])
    expect(() => loadBinding(search())).toThrow(refused(/never downloaded or built/, /npm rebuild/))
  })

  test('a CUDA library is missing: says which, and which CUDA it takes', () => {
    install('@tensorflow/tfjs-node-gpu', [8])
    const { load, ...rest } = failing('libcudart.so.11.0: cannot open shared object file: No such file or directory')
    expect(() => loadBinding({ ...rest, load })).toThrow(
      refused(
        /tfjs-node-gpu cannot be loaded: the CUDA library libcudart\.so\.11\.0 is missing/,
        /CUDA 11\.2 and cuDNN 8\.1/
      )
    )
  })

  test('libtensorflow is missing', () => {
    install('@tensorflow/tfjs-node', [8])
    expect(() =>
      loadBinding(failing('libtensorflow.so.2: cannot open shared object file: No such file or directory'))
    ).toThrow(refused(/libtensorflow\.so\.2 is missing/, /wheel/))
  })

  test('a file that is no library', () => {
    install('@tensorflow/tfjs-node', [8])
    expect(() => loadBinding(search())).toThrow(refused(/cannot be loaded: file too short/, /npm rebuild/))
  })

  test('the newest Node-API that this Node speaks is taken, and the package with a GPU before the other', () => {
    const gpu = install('@tensorflow/tfjs-node-gpu', [3, 8, 9, 10])
    install('@tensorflow/tfjs-node', [8])
    const loaded: string[] = []
    const binding = { TF_Version: '2.9.1' }
    expect(
      loadBinding(
        search(file => {
          loaded.push(file)
          return binding
        })
      )
    ).toBe(binding)
    expect(loaded).toEqual([join(gpu, 'lib', 'napi-v9', 'tfjs_binding.node')])
  })

  test('a GPU package that cannot be loaded leaves the other', () => {
    install('@tensorflow/tfjs-node-gpu', [8])
    install('@tensorflow/tfjs-node', [8])
    const binding = { TF_Version: '2.21.0' }
    const load: AddonSearch['load'] = file => {
      if (file.includes('-gpu')) throw new Error('libcudart.so.11.0: cannot open shared object file')
      return binding
    }
    expect(loadBinding(search(load))).toBe(binding)
  })
})
