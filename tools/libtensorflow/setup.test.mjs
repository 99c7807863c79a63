import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { headersFolder, linkLibraries, setup, SetupError, wheelFolder, wheelParts } from './setup.mjs'

const folder = mkdtempSync(join(tmpdir(), 'skipwise-libtensorflow-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A wheel's layout, without its 800 MB. */
function layout(name, files) {
  for (const file of files) {
    mkdirSync(join(folder, name, file, '..'), { recursive: true })
    writeFileSync(join(folder, name, file), '')
  }
  return join(folder, name)
}
const complete = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2', 'include/tensorflow/c/c_api.h']

test('finds the parts of a wheel, and says which is missing', () => {
  expect(wheelParts(layout('whole', complete)).library).toBe(join(folder, 'whole', 'libtensorflow_cc.so.2'))
  for (const missing of complete)
    expect(() =>
      wheelParts(
        layout(
          `without ${missing.split('/').at(-1)}`,
          complete.filter(file => file !== missing)
        )
      )
    ).toThrow(new RegExp(`${missing}.* is missing`))
})

test('links the libraries under every name that tfjs-node links against', () => {
  const parts = wheelParts(layout('linked', complete))
  const addon = join(folder, 'addon')
  for (let time = 0; time < 2; time++) linkLibraries(addon, parts)
  expect(readlinkSync(join(addon, 'deps/lib/libtensorflow.so.2.9.1'))).toBe(parts.library)
  expect(readlinkSync(join(addon, 'deps/lib/libtensorflow_framework.so.2'))).toBe(parts.framework)
  expect(readlinkSync(join(addon, 'deps/include'))).toBe(parts.include)
})

test('says what to do without a Python or headers', () => {
  expect(() => wheelFolder(join(folder, 'no-python'))).toThrow(SetupError)
  expect(() => headersFolder([folder])).toThrow(/apt-get install libnode-dev/)
})

const python = process.env.SKIPWISE_TENSORFLOW_PYTHON
const hasWheel =
  python &&
  spawnSync(python, ['-c', 'import importlib.util as u, sys; sys.exit(0 if u.find_spec("tensorflow") else 1)'])
    .status === 0
test.skipIf(!hasWheel)(
  `sets up an addon that loads${hasWheel ? '' : ' (needs SKIPWISE_TENSORFLOW_PYTHON: a Python with a tensorflow wheel)'}`,
  () => {
    const said = []
    const { version } = setup({ wheel: wheelFolder(python), into: join(folder, 'into'), say: text => said.push(text) })
    expect(version).toMatch(/^2\.\d+\.\d+/)
    expect(said.at(-1)).toContain('SKIPWISE_TFJS_NODE')
  }
)
