import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { skipwise, Workspace } from './workspace.js'

const workspace = new Workspace()
afterAll(() => workspace.remove())

const schema = "{ '~standard': { version: 1, vendor: 'x', validate: () => ({ value: {} }) } }"
const third = `definePlugin({ kind: 'interpolation', name: 'vendor/half', summary: 'halves', create: () => ({}), config: ${schema} })`
const core = "import { definePlugin } from '@skipwise/core'\n"

/** Runs `skipwise plugins` where these files lie. */
function pluginsWith(name: string, files: Readonly<Record<string, string>>, seconds = 60) {
  const cwd = workspace.path(name)
  mkdirSync(cwd)
  for (const [file, text] of Object.entries(files)) workspace.write(join(name, file), text)
  return skipwise(['plugins'], { cwd, env: { SKIPWISE_CONFIG_SECONDS: String(seconds) } })
}

test.each([
  ['skipwise.config.mjs', `${core}export default { plugins: [${third}] }`],
  ['skipwise.config.js', `${core}export default { plugins: [${third}] }`],
  [
    'skipwise.config.cjs',
    `const { definePlugin } = require('@skipwise/core')\nmodule.exports = { plugins: [${third}] }`
  ],
  [
    'skipwise.config.ts',
    "import { type Config, half } from './half.js'\nconst config: Config = { plugins: [half] }\nexport default config satisfies Config"
  ],
  [
    'skipwise.config.mts',
    `${core}enum Kind { one = 1 }\nexport default { plugins: [${third}] as unknown[], kind: Kind.one }`
  ],
  ['skipwise.config.cts', `${core}const config: { plugins: unknown[] } = { plugins: [${third}] }\nexport = config`]
])('%s is read', async (file, text) => {
  const half = `${core}export interface Config { plugins: readonly object[] }\nexport const half: object = ${third}`
  const { code, stdout, stderr } = await pluginsWith(file.replaceAll('.', '-'), {
    [file]: text,
    'half.ts': half,
    'package.json': '{"type":"module"}'
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/vendor\/half +halves/)
})

test.each([
  [
    'throws',
    { 'skipwise.config.ts': "throw new Error('no luck')" },
    /CLI_CONFIG: \S+skipwise\.config\.ts cannot be loaded \(no luck\): correct the file/
  ],
  ['syntax', { 'skipwise.config.ts': 'const a: = 1' }, /CLI_CONFIG: .*cannot be loaded \(.*1:9\)/],
  ['imports', { 'skipwise.config.ts': "import 'no-such-plugin'" }, /CLI_CONFIG: .*no-such-plugin/],
  [
    'loops',
    { 'skipwise.config.mjs': 'for (;;) {}' },
    /CLI_CONFIG: .*longer than 1 seconds\): .*look for an endless loop/
  ],
  [
    'loops-ts',
    { 'skipwise.config.ts': 'while (true) {}' },
    /CLI_CONFIG: .*longer than 1 seconds\): .*look for an endless loop/
  ],
  ['waits', { 'skipwise.config.mjs': 'await new Promise(() => {})' }, /CLI_CONFIG: .*longer than 1 seconds/],
  [
    'list',
    { 'skipwise.config.ts': 'export default []' },
    /CLI_CONFIG: .*exports a list, not plugins: write export default/
  ],
  [
    'named',
    { 'skipwise.config.mjs': 'export const plugins = []' },
    /CLI_CONFIG: .*exports nothing as default, not plugins/
  ],
  [
    'no-plugin',
    { 'skipwise.config.ts': 'export default { plugins: [1] }' },
    /PLUGIN_INVALID: a registered value is not a plugin/
  ],
  [
    'two',
    { 'skipwise.config.ts': '', 'skipwise.config.mjs': '' },
    /CLI_CONFIG: .*has skipwise\.config\.mjs and skipwise\.config\.ts: keep one/
  ],
  ['json', { 'skipwise.config.json': '{}' }, /CLI_CONFIG: .*skipwise\.config\.json is not read: write it as one of/]
])('one that %s is a named error', async (name, files, message) => {
  const { code, stdout, stderr } = await pluginsWith(name, files, /loops|waits/.test(name) ? 1 : 60)
  expect(stderr).toMatch(message)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
})

test('doctor --executors is quiet about what native libraries complain of, and with --verbose it is not', async () => {
  const quiet = await workspace.run(['doctor', '--executors'])
  expect({ code: quiet.code, stderr: quiet.stderr }).toEqual({ code: 0, stderr: '' })
  expect(quiet.stdout).toMatch(/^yes onnx +cpu/m)
})
