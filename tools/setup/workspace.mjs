// What the setup scripts share: where the workspace is, saying something, running a tool, and one setup at a time.
// Plain Node without dependencies: these run before anything is installed.
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** To stderr: stdout belongs to the command that is being set up, whose `--json` must stay one document. */
export const say = message => process.stderr.write(`skipwise setup: ${message}\n`)

/** Ends the process with a message that says what to do. */
export function fail(message) {
  say(message)
  process.exit(1)
}

export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(
      `Node ${process.versions.node} is too old: install Node 20.19 or newer (https://nodejs.org) and run this again.`
    )
  }
}

/** Nx without its daemon and its cloud; tools of the workspace before those of the machine. */
export const toolEnvironment = () => ({
  ...process.env,
  NX_DAEMON: 'false',
  NX_NO_CLOUD: 'true',
  NX_TUI: 'false',
  PATH: `${join(root, 'node_modules', '.bin')}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH ?? ''}`
})

/**
 * Runs a tool in the workspace root.
 *
 * @param {boolean} quiet keeps what it prints and hands it back, instead of showing it
 * @returns {Promise<{ status: number, output: string }>}
 */
export function run(command, args, { quiet = false, env = {} } = {}) {
  return new Promise(resolve => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...toolEnvironment(), ...env },
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
      shell: process.platform === 'win32'
    })
    const parts = []
    child.stdout?.on('data', part => parts.push(part))
    child.stderr?.on('data', part => parts.push(part))
    const pass = signal => child.kill(signal)
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) process.once(signal, pass)
    const end = status => {
      for (const signal of signals) process.off(signal, pass)
      resolve({ status, output: Buffer.concat(parts).toString('utf8') })
    }
    child.once('error', error => end(error.code === 'ENOENT' ? 127 : 1))
    child.once('close', (code, signal) => end(code ?? (signal === null ? 1 : 130)))
  })
}

const alive = pid => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/**
 * Runs `work` while no other process sets this workspace up; waits for one that does, and takes over from one that
 * died.
 */
export async function alone(work) {
  const lock = join(root, '.nx', 'setup.lock')
  mkdirSync(dirname(lock), { recursive: true })
  for (let said = false; ;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    let owner = ''
    try {
      owner = readFileSync(lock, 'utf8')
    } catch {
      continue // released between the two calls
    }
    if (owner !== '' && !alive(Number(owner))) {
      rmSync(lock, { force: true })
      continue
    }
    if (!said) say('another process is setting this workspace up, waiting for it')
    said = true
    await new Promise(resolve => setTimeout(resolve, 250))
  }
  const release = () => rmSync(lock, { force: true })
  process.once('exit', release)
  try {
    return await work()
  } finally {
    process.off('exit', release)
    release()
  }
}
