import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import util from 'node:util'
import { tf, trace } from '@skipwise/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addonFile, loadBinding } from './binding.js'
import { openTensorFlowExecutor } from './executor.js'
import { unavailableReason } from './index.js'

const NAPI = Number(process.versions['napi'])

/** Loads an addon in a process of its own, which has no libtensorflow yet; throws what is thrown there. */
function loadElsewhere(file: string): void {
  const { status, stdout } = spawnSync(
    process.execPath,
    ['-e', 'try { require(process.argv[1]) } catch (error) { console.log(error.message); process.exitCode = 1 }', file],
    { encoding: 'utf8' }
  )
  if (status !== 0) throw new Error(stdout)
}

/** The installed package whose addon loads here. */
function installed(): string {
  const files: string[] = []
  loadBinding({
    from: [join(process.env['SKIPWISE_TFJS_NODE'] ?? process.cwd(), '/'), import.meta.url],
    napiVersion: NAPI,
    load: file => {
      const addon: unknown = createRequire(import.meta.url)(file)
      files.push(file)
      return addon
    }
  })
  return join(dirname(files[0]), '..', '..')
}

const reason = unavailableReason()
describe.skipIf(reason)(`the real addon of tfjs-node${reason ? ` (needs it: ${reason})` : ''}`, () => {
  let root: string, folder: string
  beforeAll(() => {
    root = installed()
    folder = mkdtempSync(join(tmpdir(), 'skipwise-addon-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** Loads the addon from another package, with other bytes. */
  function loadCopy(name: string, change: (bytes: Buffer) => Buffer = bytes => bytes) {
    const from = mkdtempSync(join(folder, 'copy-'))
    const copy = join(from, 'node_modules', name)
    const inside = join(copy, 'lib', `napi-v${NAPI}`)
    mkdirSync(inside, { recursive: true })
    writeFileSync(join(copy, 'package.json'), JSON.stringify({ name, version: '4.22.0' }))
    writeFileSync(join(inside, 'tfjs_binding.node'), change(readFileSync(addonFile(root, NAPI) as string)))
    return loadBinding({ from: [join(from, '/')], napiVersion: NAPI, load: loadElsewhere })
  }

  test('as it is: loads', () => {
    expect(() => loadElsewhere(addonFile(root, NAPI) as string)).not.toThrow()
  })

  test.runIf(process.platform === 'linux')('without the libtensorflow that it links against: says so', () => {
    expect(() => loadCopy('@tensorflow/tfjs-node')).toThrow(
      expect.objectContaining({
        code: 'EXECUTOR_UNAVAILABLE',
        problem: expect.stringMatching(/tfjs-node cannot be loaded: libtensorflow[\w.]* is missing/),
        fix: expect.stringMatching(/npm rebuild.*tools\/libtensorflow/)
      })
    )
  })

  test.runIf(process.platform === 'linux')(
    'linked against a CUDA library that is not there: says which, and which CUDA it takes',
    () => {
      // The name of the first library that it needs becomes that of CUDA's; both are of fixed places in the file.
      const needsCuda = (bytes: Buffer) => {
        const at = bytes.indexOf('\0libtensorflow') + 1
        const end = bytes.indexOf(0, at)
        const cuda = 'libcudart.so.11.0'
        expect(end - at).toBeGreaterThanOrEqual(cuda.length)
        bytes.fill(0, at, end)
        bytes.write(cuda, at)
        return bytes
      }
      expect(() => loadCopy('@tensorflow/tfjs-node-gpu', needsCuda)).toThrow(
        expect.objectContaining({
          code: 'EXECUTOR_UNAVAILABLE',
          problem: expect.stringMatching(
            /tfjs-node-gpu cannot be loaded: the CUDA library libcudart\.so\.11\.0 is missing/
          ),
          fix: expect.stringMatching(/CUDA 11\.2 and cuDNN 8\.1.*tools\/libtensorflow/)
        })
      )
    }
  )

  test('cut off in its download: is no library, and says to fetch it again', () => {
    expect(() => loadCopy('@tensorflow/tfjs-node', bytes => bytes.subarray(0, 20))).toThrow(
      expect.objectContaining({
        code: 'EXECUTOR_UNAVAILABLE',
        problem: expect.stringMatching(/tfjs-node cannot be loaded: /),
        fix: expect.stringMatching(/npm rebuild/)
      })
    )
  })

  describe('in a Node without util.isNullOrUndefined, as since version 23', () => {
    const gone = { isNullOrUndefined: (util as { isNullOrUndefined?: unknown }).isNullOrUndefined }
    beforeAll(() => void delete (util as { isNullOrUndefined?: unknown }).isNullOrUndefined)
    afterAll(() => void Object.assign(util, gone.isNullOrUndefined ? gone : {}))

    test.runIf(existsSync(join(process.env['SKIPWISE_TFJS_NODE'] ?? '', 'node_modules', '@tensorflow', 'tfjs')))(
      'the JavaScript of tfjs-node fails',
      () => {
        const script = `delete require('node:util').isNullOrUndefined; const tf = require(${JSON.stringify(root)}); tf.add(1, 2).dataSync()`
        const { status, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' })
        expect(status).toBe(1)
        expect(stderr).toMatch(/isNullOrUndefined\)? is not a function/)
      }
    )

    test('the executor runs: it needs the addon alone', async () => {
      expect(util).not.toHaveProperty('isNullOrUndefined')
      const graph = trace('sum', ({ x }) => ({ sum: tf.sum(tf.square(x)) }), { x: { shape: [3], dtype: 'float32' } })
      const executor = await openTensorFlowExecutor()
      const program = await executor.compile(graph)
      const { sum } = await program.run({
        x: executor.upload({ shape: [3], dtype: 'float32' }, Float32Array.of(1, 2, 3))
      })
      expect(await executor.read(sum)).toEqual(Float32Array.of(14))
      await program.dispose()
      await executor.dispose()
    })
  })
})
