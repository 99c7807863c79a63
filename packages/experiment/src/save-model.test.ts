import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { checkCompanions, saveModel } from './save-model.js'

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skipwise-save-model-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const save = async (companion: string) => {
  const folder = join(await temporaryFolder(), 'model')
  const weights = new Map([['a', Float32Array.of(1)]])
  const companions = [companion]
  await saveModel(folder, {
    parameters: [{ name: 'a', shape: [1] }],
    weights,
    config: {},
    dtype: 'float32',
    companions
  })
  return folder
}

test('companion files are copied, others are not', async () => {
  const from = await temporaryFolder()
  await writeFile(join(from, 'LICENSE'), 'Apache')
  await writeFile(join(from, 'thesis.txt'), 'mine')
  await checkCompanions(from)
  const folder = await save(from)
  expect(await readdir(folder)).toEqual(['LICENSE', 'config.json', 'model.safetensors'])
  expect(await readFile(join(folder, 'LICENSE'), 'utf8')).toBe('Apache')
})

test.each([
  ['a link to a file of the user', async (path: string) => symlink(join(import.meta.dirname, 'save-model.ts'), path)],
  ['a link to a device', async (path: string) => symlink('/dev/zero', path)],
  ['a link to nothing', async (path: string) => symlink('nothing', path)],
  ['a pipe', async (path: string) => execFileSync('mkfifo', [path])]
])('%s is not a companion file: it is refused before any work, and not copied', async (_, make) => {
  for (const name of ['LICENSE', 'generation_config.json', 'chat_template.jinja', 'tokenizer_config.json']) {
    const from = await temporaryFolder()
    await make(join(from, name))
    await expect(checkCompanions(from)).rejects.toThrow(/^FILE_REFUSED/)
    await expect(save(from)).rejects.toThrow(/^FILE_REFUSED/)
  }
})

test('what does not change of config.json keeps its spelling: transformers refuses 1 for 1.0', async () => {
  const folder = join(await temporaryFolder(), 'model')
  const configText =
    '{\n  "initializer_range": 1.0,\n  "hidden_size": 8,\n  "big": 12345678901234567890123,\n  "gone": 1,\n  "rope_theta": 10000.0\n}\n'
  const config = {
    ...(JSON.parse(configText) as Record<string, unknown>),
    gone: undefined,
    rope_theta: 20000,
    added: [2]
  }
  const weights = new Map([['a', Float32Array.of(1)]])
  await saveModel(folder, {
    parameters: [{ name: 'a', shape: [1] }],
    weights,
    config,
    configText,
    dtype: 'float32',
    companions: []
  })
  expect(await readFile(join(folder, 'config.json'), 'utf8')).toBe(
    '{\n  "initializer_range": 1.0,\n  "hidden_size": 8,\n  "big": 12345678901234567890123,\n  "rope_theta": 20000.0,\n  "added": [\n    2\n  ]\n}\n'
  )
})
