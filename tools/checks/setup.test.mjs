// The set-up scripts in a workspace of their own, where npx and nx are scripts that write down how they were called.
import { execFile } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from './workspace.mjs'

let workspace
const at = (...parts) => join(workspace, ...parts)

function file(path, text, mode = 0o644) {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), text)
  chmodSync(at(path), mode)
}

const log = name => `#!/bin/sh\necho "${name} $* types=$SKIPWISE_BUILD" >> '${at('calls')}'\n`
const calls = () => (existsSync(at('calls')) ? readFileSync(at('calls'), 'utf8').trim().split('\n') : [])

function node(script, args = [], env = {}) {
  return new Promise(resolve => {
    const options = { cwd: workspace, env: { ...process.env, PATH: `${at('fake')}:${process.env.PATH}`, ...env } }
    execFile('node', [at('tools', 'setup', script), ...args], options, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : error.code, stdout, stderr })
    )
  })
}

beforeEach(() => {
  workspace = realpathSync(mkdtempSync(join(tmpdir(), 'skipwise-setup-')))
  cpSync(join(root, 'tools', 'setup'), at('tools', 'setup'), { recursive: true })
  file('package.json', '{ "packageManager": "pnpm@1.2.3" }')
  for (const path of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'nx.json', 'tools/config/package.json']) file(path, '{}')
  for (const path of ['package.json', 'tsup.config.ts', 'tsconfig.json', 'src/index.ts'])
    file(`packages/skipwise/${path}`, '{}')
  file('fake/npx', `${log('npx')}sleep 0.3\nmkdir -p node_modules/.bin && cp fake/nx node_modules/.bin/nx\n`, 0o755)
  const dist = 'packages/skipwise/dist'
  const cli = 'console.log(JSON.stringify([process.cwd(), process.argv.slice(2)])); process.exitCode = 2'
  file(
    'fake/nx',
    `${log('nx')}mkdir -p ${dist} && touch ${dist}/index.js && echo '${cli}' > ${dist}/cli.js\necho building\n`,
    0o755
  )
})

afterEach(() => rmSync(workspace, { recursive: true, force: true }))

test('installs and builds once, then only what changed, and keeps stdout clean', async () => {
  const install = 'npx -y pnpm@1.2.3 install --frozen-lockfile types='
  const build = 'nx run-many -t build --output-style=static types=run'
  const first = await node('setup.mjs', ['--build'])
  expect(first).toMatchObject({ status: 0, stdout: '' })
  expect(calls()).toEqual([install, build])
  expect(await node('setup.mjs', ['--build'])).toEqual({ status: 0, stdout: '', stderr: '' })
  expect(calls()).toHaveLength(2)

  appendFileSync(at('packages/skipwise/src/index.ts'), ' ')
  await node('setup.mjs')
  expect(calls()).toHaveLength(2)
  await node('setup.mjs', ['--build'])
  expect(calls().slice(2)).toEqual([build])

  appendFileSync(at('pnpm-lock.yaml'), ' ')
  await node('setup.mjs', ['--build'])
  expect(calls().slice(3)).toEqual([install, build])

  rmSync(at('packages/skipwise/dist'), { recursive: true })
  await node('setup.mjs', ['--build'])
  expect(calls().slice(5)).toEqual([build])
})

test('two at once set up once', async () => {
  const both = await Promise.all([node('setup.mjs', ['--build']), node('setup.mjs', ['--build'])])
  expect(both.map(({ status }) => status)).toEqual([0, 0])
  expect(calls()).toHaveLength(2)
})

test('takes over from a set-up that was killed', async () => {
  file('.nx/setup.lock', '2147483646')
  expect((await node('setup.mjs')).status).toBe(0)
  expect(existsSync(at('.nx/setup.lock'))).toBe(false)
})

test('shows why an install failed, exits with 1 and tries again the next time', async () => {
  file('fake/npx', '#!/bin/sh\necho ERR_SOMETHING\nexit 7\n', 0o755)
  const { status, stdout, stderr } = await node('setup.mjs')
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toContain('ERR_SOMETHING')
  expect(stderr).toContain('installing dependencies failed (exit code 7)')
  expect((await node('setup.mjs')).status).toBe(1)
})

test('skipwise runs with its arguments where npm was called, and its exit code is passed on', async () => {
  mkdirSync(at('elsewhere'))
  const result = await node('skipwise.mjs', ['eval', '--json', 'a b'], {
    npm_lifecycle_event: 'skipwise',
    INIT_CWD: at('elsewhere')
  })
  expect(result.status).toBe(2)
  expect(JSON.parse(result.stdout)).toEqual([at('elsewhere'), ['eval', '--json', 'a b']])
  // without npm's `skipwise` script, INIT_CWD may be another script's
  const direct = await node('skipwise.mjs', [], { npm_lifecycle_event: 'demo', INIT_CWD: at('elsewhere') })
  expect(JSON.parse(direct.stdout)).toEqual([workspace, []])
})
