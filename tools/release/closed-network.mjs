// What README promises of installing: no install script is needed. Every client installs the tarballs, and what the
// checks before have left in its cache, where nothing else can be reached: in a network namespace of its own, or with a
// proxy that does not exist. Clients get --ignore-scripts only where the documentation says so.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { must, neverInstalled, packageManager } from './packages.mjs'

/** Runs a command without a network; `unshare` where the machine lets us. */
const isolated = spawnSync('unshare', ['-rn', 'true']).status === 0
const nowhere = 'http://127.0.0.1:9'
const closed = { GLOBAL_AGENT_HTTP_PROXY: nowhere, GLOBAL_AGENT_HTTPS_PROXY: nowhere }

function offline(command, args, cwd, env) {
  const [program, ...rest] = isolated ? ['unshare', '-rn', command, ...args] : [command, ...args]
  // what npm tells its scripts of this very process would be taken for theirs
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|config_local_prefix)/.test(name))
  )
  return spawnSync(program, rest, {
    cwd,
    encoding: 'utf8',
    env: { ...inherited, ...closed, ...env },
    maxBuffer: 1 << 26,
    timeout: 300_000
  })
}

const otherPlatforms = ['darwin', 'win32', 'linux/arm64', 'linux/x64'].filter(
  name => !`${process.platform}/${process.arch}`.startsWith(name)
)

const skip = { ONNXRUNTIME_NODE_INSTALL: 'skip' }

/**
 * How each client installs, and whether it can: npm up to 11 runs onnxruntime-node's script, which fetches CUDA
 * libraries on Linux x64.
 *
 * @type {readonly { client: 'npm' | 'npm10' | 'npm12' | 'pnpm', env?: Record<string, string>, args?: string[], fails?:
 * boolean }[]}
 */
const cases = [
  { client: 'npm', env: skip },
  { client: 'npm10', fails: process.platform === 'linux' && process.arch === 'x64' },
  { client: 'npm10', env: skip },
  { client: 'npm10', args: ['--ignore-scripts'] },
  { client: 'npm12' },
  { client: 'pnpm' }
]

/** Brings the clients; yarn 1 does what npm 10 does, and yarn 4 what npm 12 does. */
function installClients(folder) {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'clients', private: true }))
  must(
    'npm',
    [
      'install',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      'npm10@npm:npm@10.9.4',
      'npm12@npm:npm@12.2.2',
      packageManager
    ],
    folder
  )
  const script = (name, path) => ['node', join(folder, 'node_modules', name, path)]
  return {
    npm: ['npm'],
    npm10: script('npm10', 'bin/npm-cli.js'),
    npm12: script('npm12', 'bin/npm-cli.js'),
    pnpm: script('pnpm', 'bin/pnpm.cjs')
  }
}

/**
 * @param {string} folder an empty folder
 * @param {Map<string, string>} tarballs package name → tarball
 * @returns {{ said: string, problems: string[] }}
 */
export function checkClosedNetwork(folder, tarballs) {
  mkdirSync(join(folder, 'clients'))
  const clients = installClients(join(folder, 'clients'))
  const problems = []
  const overrides = Object.fromEntries([...tarballs].map(([name, file]) => [name, `file:${file}`]))
  for (const [index, { client, env = {}, args = [], fails = false }] of cases.entries()) {
    const project = join(folder, String(index))
    const [command, ...first] = clients[client]
    mkdirSync(project)
    const forPnpm = client === 'pnpm'
    const manifest = {
      name: 'closed',
      private: true,
      type: 'module',
      dependencies: forPnpm ? { skipwise: overrides.skipwise, '@tensorflow/tfjs': '4.22.0' } : overrides
    }
    writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
    const lines = [...Object.entries(overrides), ...neverInstalled.map(name => [name, '-'])].map(
      ([name, spec]) => `  '${name}': '${spec}'\n`
    )
    if (forPnpm) writeFileSync(join(project, 'pnpm-workspace.yaml'), `packages: []\noverrides:\n${lines.join('')}`)
    // pnpm keeps no answers of the registry for another lockfile; fetching unpacks nothing and runs nothing
    if (forPnpm)
      must(command, [...first, 'install', '--lockfile-only', '--ignore-scripts', '--prefer-offline'], project, {
        CI: 'true'
      })
    const { status, stdout, stderr } = offline(command, [...first, 'install', '--offline', ...args], project, env)
    const output = `${stdout}${stderr}`
    const what = [client, ...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...args].join(' ')
    if (fails !== (status !== 0))
      problems.push(
        `a closed network: ${what} ${fails ? 'installs, but README says that it fails' : `failed: ${output}`}`
      )
    if (fails && status !== 0 && !/onnxruntime-node[^]*script\/install/.test(output))
      problems.push(`a closed network: ${what} failed for another reason than README says: ${output}`)
    // docs/getting-started.md says that libraries of other platforms are never opened
    if (client === 'npm12')
      for (const other of otherPlatforms)
        rmSync(join(project, 'node_modules/onnxruntime-node/bin/napi-v6', other), { recursive: true, force: true })
    if (status === 0) problems.push(...runs(project).map(problem => `a closed network: ${what}: ${problem}`))
  }
  return {
    said: `${cases.length} installs ${isolated ? 'without a network' : 'behind a closed proxy'}, ${cases.filter(({ fails }) => fails).length} of them refused as README says`,
    problems
  }
}

/** What was installed runs: the default executor opens. */
function runs(project) {
  const { status, stdout, stderr } = offline(
    join(project, 'node_modules', '.bin', 'skipwise'),
    ['doctor', '--executors', '--json'],
    project,
    {}
  )
  if (status !== 0) return [`skipwise doctor failed: ${stderr}`]
  const { executors } = JSON.parse(stdout)
  const version = JSON.parse(readFileSync(join(project, 'node_modules', 'skipwise', 'package.json'), 'utf8')).version
  return executors.some(({ executor, usable }) => executor === 'onnx' && usable)
    ? []
    : [`onnx of skipwise ${version} is not usable: ${stdout}`]
}
