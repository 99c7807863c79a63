import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { extendRecipe, skipwise } from './workspace.js'

const here = dirname(fileURLToPath(import.meta.url))
const SHARED = join(here, '../../../../shared/field/hostile')
const cwd = mkdtempSync(join(tmpdir(), 'skipwise-hostile-'))
afterAll(() => rmSync(cwd, { recursive: true }))

const EVIL = '</script><script>alert(1)</script>\u001b]0;pwned\u0007\u001b[31m\u009b2J\r\u202e=cmd()'
/** What a terminal obeys, but line feeds and tabs. */
const OBEYED = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

/** Runs the command, which shows nothing that a terminal obeys and has no error of its own. */
async function shows(args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const outcome = await skipwise(args, { cwd })
  expect(outcome.stdout).not.toMatch(OBEYED)
  expect(outcome.stderr).not.toMatch(OBEYED)
  expect(outcome.stderr).not.toContain('INTERNAL')
  return outcome
}

const chart = {
  id: EVIL,
  title: EVIL,
  description: EVIL,
  x: { label: EVIL, scale: 'linear' },
  y: { label: EVIL, scale: 'linear' },
  series: [
    {
      name: '=cmd|calc',
      points: [
        [1, 2],
        [2, 3]
      ]
    }
  ]
}

/** The files of a report hold nothing that runs, is a formula or is obeyed. */
function expectSafe(folder: string): void {
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'utf8')
    expect(text.replaceAll('\r\n', ''), name).not.toMatch(OBEYED)
    if (name.endsWith('.csv')) expect(text, name).not.toMatch(/(^|,)"?[=+@]/m)
    else expect(text, name).not.toMatch(/<script/i)
  }
}

test('a report of charts of others', async () => {
  writeFileSync(join(cwd, 'charts.json'), JSON.stringify({ charts: [chart] }))
  const { code, stderr } = await shows(['report', 'charts.json', '--out', 'report', '--title', EVIL])
  expect(code, stderr).toBe(0)
  expectSafe(join(cwd, 'report'))
})

test('a chart of 200,000 points is a report', async () => {
  const points = Array.from({ length: 200_000 }, (_, i) => [i, Math.sin(i)])
  writeFileSync(join(cwd, 'many.json'), JSON.stringify({ charts: [{ ...chart, series: [{ name: 'many', points }] }] }))
  const { code, stderr } = await shows(['report', 'many.json', '--out', 'many'])
  expect(code, stderr).toBe(0)
})

test('names, keys and values of a config.json, as text and as JSON', async () => {
  const config = { model_type: EVIL, hidden_size: EVIL, [EVIL]: EVIL, rope_scaling: { type: EVIL, factor: 2 } }
  mkdirSync(join(cwd, 'model'))
  writeFileSync(join(cwd, 'model/config.json'), JSON.stringify(config))
  for (const verb of [
    ['doctor', 'model'],
    ['convert', 'model', '--to', 'transformers'],
    ['generate', 'model', EVIL],
    ['eval', 'passkey', '--model', 'model']
  ]) {
    await shows(verb)
    await shows([...verb, '--json'])
  }
})

test('keys of a recipe, and arguments', async () => {
  writeFileSync(join(cwd, 'recipe.yaml'), `${extendRecipe}${JSON.stringify(EVIL)}: 1\n`)
  expect((await shows(['extend', 'recipe.yaml'])).code).toBe(2)
  expect((await shows(['extend', `none${EVIL}.yaml`])).code).toBe(2)
  expect((await shows([EVIL])).code).toBe(2)
})

describe.skipIf(!existsSync(SHARED))(
  `files of others${existsSync(SHARED) ? '' : ' (skipped: ../shared is missing)'}`,
  () => {
    test.each(['charts.json', 'evil.json'])('a report of %s', async name => {
      const { code, stderr } = await shows(['report', join(SHARED, name), '--out', `shared-${name}`])
      expect(code, stderr).toBe(0)
      expectSafe(join(cwd, `shared-${name}`))
    })

    test('comparing evil.json with itself', async () => {
      await shows(['eval', '--compare', join(SHARED, 'evil.json'), join(SHARED, 'evil.json')])
    })
  }
)

describe('Ctrl-C', () => {
  test.each(['does not begin', 'drips'])('ends a wait for a Hub whose answer %s', async how => {
    const server: Server = createServer((_, response) => {
      if (how === 'drips') setInterval(() => response.write(' '), 50).unref()
      child.kill('SIGINT')
    })
    await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const env = {
      ...process.env,
      HF_ENDPOINT: endpoint,
      HF_HUB_CACHE: join(cwd, 'cache'),
      HF_HUB_OFFLINE: '',
      HF_TOKEN: ''
    }
    const child = spawn(process.execPath, [join(here, '../dist/cli.js'), 'doctor', 'hub:owner/model'], { cwd, env })
    let stderr = ''
    child.stderr.on('data', chunk => (stderr += String(chunk)))
    await new Promise(resolve => child.on('close', resolve))
    server.closeAllConnections()
    server.close()
    expect(stderr).toMatch(/INTERRUPTED/)
    expect(stderr).not.toContain('INTERNAL')
  })
})
