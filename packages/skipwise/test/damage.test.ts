// One bit flipped in what a run goes on from, or in what it made, is said: it never goes on in silence.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Workspace } from './workspace.js'

const workspace = new Workspace()
beforeAll(async () => {
  expect(await workspace.run(['train', 'train.yaml'])).toMatchObject({ code: 0 })
})
afterAll(() => workspace.remove())

/** Flips a bit in the middle of a file, and gives the bytes that stood there. */
function flip(name: string): Buffer {
  const file = workspace.path(name)
  const bytes = readFileSync(file)
  const changed = Buffer.from(bytes)
  changed[Math.floor(0.6 * bytes.length)] ^= 2
  writeFileSync(file, changed)
  return bytes
}

describe('a finished output', () => {
  test('is verified, and run again without work', async () => {
    expect(await workspace.run(['verify', 'base'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^passed base: \d+ files/)
    })
    expect(await workspace.run(['train', 'train.yaml'])).toMatchObject({ code: 0 })
  })

  test.each(['model.safetensors', 'tokenizer.json', 'config.json', 'report.html', 'SHA256SUMS'])(
    'with a bit of %s flipped is said by verify and by its recipe',
    async name => {
      const before = flip(`base/${name}`)
      const verified = await workspace.run(['verify', 'base', '--json'])
      expect(verified.code).toBe(1)
      // a bit of a digest says that its file changed
      expect(`${verified.stdout}${verified.stderr}`).toContain(name === 'SHA256SUMS' ? 'base' : name)
      expect(await workspace.run(['train', 'train.yaml'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/OUTPUT_DAMAGED: /)
      })
      writeFileSync(workspace.path(`base/${name}`), before)
      expect(await workspace.run(['verify', 'base'])).toMatchObject({ code: 0 })
    }
  )
})

describe('a run that was killed', () => {
  const state = (name: string) => `out/long.training/${name}`

  test.each([
    ['base.json', 'base.json', /STATE_DAMAGED: .*base\.json is damaged.*remove this file/],
    [
      'state.safetensors',
      'state.safetensors',
      /TRAINING_STATE: .*state\.safetensors is damaged.*remove .*long\.training/
    ],
    ['trained.json', 'trained.json', /STATE_DAMAGED: .*trained\.json is damaged.*remove this file/],
    [
      'its finished weights',
      'model/model.safetensors',
      /OUTPUT_DAMAGED: .*model\.safetensors has changed since it was written.*remove .*trained\.json/
    ]
  ])('says that a bit of %s was flipped, and goes on when it is put back', async (_, name, message) => {
    const until = name.startsWith('model') ? 'trained.json' : name
    expect(
      await workspace.run(['extend', 'extend.yaml'], { kill: () => existsSync(workspace.path(state(until))) })
    ).toMatchObject({ code: null })
    const before = flip(state(name))
    expect(await workspace.run(['extend', 'extend.yaml'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(message)
    })
    writeFileSync(workspace.path(state(name)), before)
  })

  test('goes on in the end, to an output that is verified', async () => {
    expect(await workspace.run(['extend', 'extend.yaml'])).toMatchObject({ code: 0 })
    expect(await workspace.run(['verify', 'out/long'])).toMatchObject({ code: 0 })
  })
})
