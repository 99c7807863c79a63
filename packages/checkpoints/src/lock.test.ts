// Locks are taken by real processes: a child runs a bundle of lock.ts and says on its standard output what it got.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import ts from 'typescript'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { tryLock, waitForLock } from './lock.js'

let code: string
let folder: string
let file: string
const children: ChildProcess[] = []

beforeAll(async () => {
  code = await mkdtemp(join(tmpdir(), 'skipwise-lock-code-'))
  for (const name of ['lock', 'removal']) {
    const source = await readFile(new URL(`./${name}.ts`, import.meta.url), 'utf8')
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
    })
    await writeFile(join(code, `${name}.js`), outputText)
  }
  await writeFile(join(code, 'package.json'), '{ "type": "module" }')
  await writeFile(
    join(code, 'holder.js'),
    `import { tryLock } from './lock.js'
const attempt = await tryLock(process.argv[2])
console.log('owner' in attempt ? 'refused ' + attempt.owner.pid : 'held')
if ('release' in attempt) setInterval(() => {}, 1000)
`
  )
})
afterAll(() => rm(code, { recursive: true, force: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skipwise-lock-'))
  file = join(folder, 'run.lock')
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

/** Starts a process that tries to take the lock; what it says, and the process, which holds it until it is killed. */
async function startHolder(): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [join(code, 'holder.js'), file], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const [said] = (await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')) as [string]
  return { child, said }
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

describe('tryLock', () => {
  test('names the process that holds the lock', async () => {
    const { child, said } = await startHolder()
    expect(said).toBe('held')
    const attempt = await tryLock(file)
    expect(attempt).toMatchObject({ owner: { pid: child.pid, host: hostname(), here: true } })
    const since = 'owner' in attempt ? Date.parse(attempt.owner.since) : NaN
    expect(Math.abs(Date.now() - since)).toBeLessThan(60_000)
  })

  test('takes over from a process that was killed', async () => {
    const { child } = await startHolder()
    await kill(child)
    expect(await readdir(folder)).toEqual(['run.lock'])
    const attempt = await tryLock(file)
    expect(attempt).toHaveProperty('release')
    expect(await readdir(folder)).toEqual(['run.lock'])
  })

  test('takes over from a process whose number another one has now', async () => {
    const { child } = await startHolder()
    const lock = JSON.parse(await readFile(file, 'utf8')) as { began: string }
    await kill(child)
    // this test's own number, with the beginning of the one that was killed
    await writeFile(file, JSON.stringify({ ...lock, pid: process.pid }))
    expect(await tryLock(file)).toHaveProperty(process.platform === 'linux' ? 'release' : 'owner')
  })

  test('does not judge a process of another machine, and one of an earlier start of this machine has ended', async () => {
    await startHolder()
    const lock = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
    const foreign = { ...lock, pid: 1, host: 'elsewhere', machine: 'another-start ' }
    await writeFile(file, JSON.stringify(foreign))
    expect(await tryLock(file)).toMatchObject({ owner: { pid: 1, host: 'elsewhere', here: false } })
    await writeFile(file, JSON.stringify({ ...foreign, host: hostname() }))
    expect(await tryLock(file)).toHaveProperty('release')
  })

  test.each(['', '{', '[]', '{"pid": -1}', '{"pid": "x", "id": 3}'])('takes a lock that says %j', async text => {
    await writeFile(file, text)
    expect(await tryLock(file)).toHaveProperty('release')
  })

  test('of twelve processes that find the lock of a dead one, one gets it', async () => {
    const { child } = await startHolder()
    await kill(child)
    const said = (await Promise.all(Array.from({ length: 12 }, startHolder))).map(holder => holder.said)
    expect(said.filter(line => line === 'held')).toHaveLength(1)
    expect(new Set(said.filter(line => line !== 'held')).size).toBe(1)
    expect(await readdir(folder)).toEqual(['run.lock'])
  }, 60_000)

  test('is given back, and nothing is left', async () => {
    const attempt = await tryLock(file)
    if ('release' in attempt) await attempt.release()
    expect(await readdir(folder)).toEqual([])
  })

  test('gives back its own lock only', async () => {
    const attempt = await tryLock(file)
    const other = JSON.stringify({ id: 'other', pid: process.pid, host: 'h', since: '', machine: '', began: '' })
    await writeFile(file, other)
    if ('release' in attempt) await attempt.release()
    expect(await readFile(file, 'utf8')).toBe(other)
  })
})

describe('waitForLock', () => {
  test('waits until the lock is given back', async () => {
    const first = await tryLock(file)
    let order = ''
    const second = waitForLock(file, undefined, 5).then(release => {
      order += 'second '
      return release()
    })
    await new Promise(resolve => setTimeout(resolve, 50))
    order += 'first '
    if ('release' in first) await first.release()
    await second
    expect(order).toBe('first second ')
  })

  test('goes on when the process that had it is killed', async () => {
    const { child } = await startHolder()
    const waiting = waitForLock(file, undefined, 5)
    await kill(child)
    await (
      await waiting
    )()
    expect(await readdir(folder)).toEqual([])
  })

  test('ends with the signal', async () => {
    await tryLock(file)
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('stopped')), 20)
    await expect(waitForLock(file, controller.signal, 5)).rejects.toThrow('stopped')
  })
})
