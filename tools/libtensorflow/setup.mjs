#!/usr/bin/env node
// tfjs-node 4.22 over the library of a TensorFlow wheel (2.15 to 2.21, CPU or CUDA 12), which holds the C API that the
// addon needs. Nothing is downloaded but npm packages; the addon is compiled here (g++, make, python3; about half a
// minute).
//
// usage: node tools/libtensorflow/setup.mjs --python VENV/bin/python | --wheel FOLDER  [--into FOLDER] [--headers
// FOLDER]
//   --python   an interpreter that has tensorflow or tensorflow-cpu
//   --wheel    or the package's folder itself: site-packages/tensorflow, or `tensorflow/` of an unpacked wheel
//   --into     where tfjs-node is installed; default: ~/.cache/skipwise/tfjs-node
//   --headers  folder with include/node of this Node; default: found next to node, or /usr
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

export const TFJS_NODE = '4.22.0'

/** A step that cannot be done, with what to do about it. */
export class SetupError extends Error {}

/** The folder of the tensorflow package of a Python, without importing it (which takes seconds). */
export function wheelFolder(python) {
  const program =
    'import importlib.util as u; s = u.find_spec("tensorflow"); print(s.submodule_search_locations[0] if s else "")'
  const { status, stdout, error } = spawnSync(python, ['-c', program], { encoding: 'utf8' })
  if (error || status !== 0) throw new SetupError(`${python} does not run: name a Python by --python`)
  if (!stdout.trim())
    throw new SetupError(
      `${python} has no tensorflow: pip install tensorflow-cpu (or tensorflow[and-cuda] for a GPU) into it`
    )
  return stdout.trim()
}

/** The libraries of a wheel, and its C headers. */
export function wheelParts(folder) {
  const [library, framework] = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'].map(name => join(folder, name))
  const include = join(folder, 'include')
  for (const file of [library, framework, join(include, 'tensorflow', 'c', 'c_api.h')]) {
    if (!existsSync(file))
      throw new SetupError(
        `${file} is missing: take the wheel of TensorFlow 2.15 to 2.21 for Linux; older and other wheels lack it`
      )
  }
  return { library, framework, include }
}

/** The folder whose include/node has node.h: node-gyp would download it. */
export function headersFolder(
  candidates = [process.env.npm_config_nodedir, dirname(dirname(process.execPath)), '/usr', '/usr/local']
) {
  const found = candidates.find(folder => folder && existsSync(join(folder, 'include', 'node', 'node.h')))
  if (!found)
    throw new SetupError(
      'there are no headers of Node here: apt-get install libnode-dev, or unpack the headers of this version and name the folder by --headers'
    )
  return found
}

/** What tfjs-node's own install script would have downloaded into deps/, as links into the wheel. */
export function linkLibraries(addon, { library, framework, include }) {
  const deps = join(addon, 'deps')
  const lib = join(deps, 'lib')
  rmSync(deps, { recursive: true, force: true })
  mkdirSync(lib, { recursive: true })
  symlinkSync(include, join(deps, 'include'))
  for (const name of ['libtensorflow.so', 'libtensorflow.so.2', 'libtensorflow.so.2.9.1', 'libtensorflow_cc.so.2'])
    symlinkSync(library, join(lib, name))
  for (const name of ['libtensorflow_framework.so', 'libtensorflow_framework.so.2'])
    symlinkSync(framework, join(lib, name))
}

/** The whole setup; returns the folder to name in SKIPWISE_TFJS_NODE. */
export function setup({ wheel, into, headers, say }) {
  const parts = wheelParts(wheel)
  const nodedir = headersFolder(headers ? [headers] : undefined)
  const addon = join(into, 'node_modules', '@tensorflow', 'tfjs-node')
  for (const tool of ['g++', 'make', 'python3'])
    if (spawnSync(tool, ['--version']).error)
      throw new SetupError(`${tool} is missing: apt-get install g++ make python3`)
  say(`installing @tensorflow/tfjs-node ${TFJS_NODE} in ${into}, without its install script`)
  mkdirSync(into, { recursive: true })
  writeFileSync(
    join(into, 'package.json'),
    JSON.stringify({ name: 'skipwise-tfjs-node', private: true, version: '0.0.0' })
  )
  execFileSync(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', `@tensorflow/tfjs-node@${TFJS_NODE}`],
    { cwd: into, stdio: ['ignore', 2, 2] }
  )
  say(`linking ${wheel}`)
  linkLibraries(addon, parts)
  say('compiling the addon')
  const env = {
    ...process.env,
    npm_config_nodedir: nodedir,
    PATH: `${join(into, 'node_modules', '.bin')}:${process.env.PATH}`
  }
  execFileSync('node-pre-gyp', ['install', '--build-from-source'], { cwd: addon, env, stdio: ['ignore', 2, 2] })
  const version = execFileSync(process.execPath, ['-p', `require(${JSON.stringify(addonFile(addon))}).TF_Version`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore']
  }).trim()
  say(`done: TensorFlow ${version}. Now: export SKIPWISE_TFJS_NODE=${into}`)
  return { folder: into, version }
}

function addonFile(addon) {
  const built = readdirSync(join(addon, 'lib'))
    .map(entry => join(addon, 'lib', entry, 'tfjs_binding.node'))
    .find(existsSync)
  if (!built) throw new SetupError(`the compiler left no addon in ${join(addon, 'lib')}: read its messages above`)
  return built
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      python: { type: 'string' },
      wheel: { type: 'string' },
      into: { type: 'string', default: join(homedir(), '.cache', 'skipwise', 'tfjs-node') },
      headers: { type: 'string' }
    }
  })
  try {
    if (!values.python && !values.wheel)
      throw new SetupError('name the TensorFlow to use: --python VENV/bin/python, or --wheel FOLDER')
    const wheel = values.wheel ? resolve(values.wheel) : wheelFolder(values.python)
    console.log(
      JSON.stringify(
        setup({
          wheel,
          into: resolve(values.into),
          headers: values.headers,
          say: text => console.error(`libtensorflow: ${text}`)
        })
      )
    )
  } catch (error) {
    console.error(`libtensorflow: ${error instanceof SetupError ? error.message : (error.stack ?? error)}`)
    process.exit(1)
  }
}
