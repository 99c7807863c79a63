import { tryLock } from '@skipwise/checkpoints'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { serveHub, type HubServer, type ServedFile } from '../test/hub-server.js'
import type { DownloadOptions } from './download-model.js'
import { locateModel } from './locate-model.js'
import { modelName, parseHubReference } from './reference.js'

const TOKEN = 'hf_secretsecretsecret'

beforeEach(() => {
  for (const name of ['HF_TOKEN', 'HF_HUB_OFFLINE', 'HF_ENDPOINT', 'HF_HUB_CACHE']) vi.stubEnv(name, undefined)
})
afterEach(() => void vi.unstubAllEnvs())

const text = (value: unknown) => ({
  bytes: new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
})
const weights = { bytes: new Uint8Array(randomBytes(300_000)), lfs: true }
const model = {
  'config.json': text({ model_type: 'llama' }),
  'tokenizer.json': text('{}'),
  'model.safetensors': weights,
  'README.md': text('# hello')
} satisfies Record<string, ServedFile>

async function cache(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skipwise-hub-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}
const get = (
  server: Pick<HubServer, 'endpoint'>,
  cacheFolder: string,
  options: DownloadOptions = {},
  name = 'hub:owner/model'
) =>
  locateModel(name, {
    endpoint: server.endpoint,
    cacheFolder,
    ...options,
    limits: { retryDelay: 1, ...options.limits }
  })
const contents = (server: HubServer) =>
  server.requests.filter(({ path, range }) => path.includes('/resolve/') && range !== 'bytes=0-0')
const problem = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: Error) => error.message
  )

describe('a model of the Hub', () => {
  test('becomes a snapshot in the cache of Hugging Face: the files that are needed, linked to blobs by their hash', async () => {
    const server = await serveHub(model)
    const cacheFolder = await cache()
    const events: number[] = []
    const print = vi.spyOn(process.stdout, 'write')
    const folder = await get(server, cacheFolder, {
      progress: ({ task, done, total, unit }) =>
        events.push(done / total) && expect([task, unit]).toEqual(['download', 'bytes'])
    })
    expect(print).not.toHaveBeenCalled()
    print.mockRestore()
    expect(folder).toBe(join(cacheFolder, 'models--owner--model', 'snapshots', server.commit))
    expect((await readdir(folder)).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json'])
    expect((await readFile(join(folder, 'model.safetensors'))).equals(weights.bytes)).toBe(true)
    expect(await readlink(join(folder, 'model.safetensors'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/)
    expect(await readFile(join(folder, '../../refs/main'), 'utf8')).toBe(server.commit)
    expect(events.at(-1)).toBe(1)
    expect(events).toEqual([...events].sort((a, b) => a - b))

    const before = contents(server).length
    expect(await get(server, cacheFolder)).toBe(folder)
    expect(contents(server).length).toBe(before)
  })

  test('comes in shards, with those that the index names; pytorch_model.bin only where there are no safetensors', async () => {
    const index = text({
      weight_map: {
        a: 'model-00001-of-00002.safetensors',
        b: 'model-00002-of-00002.safetensors',
        c: '../../evil.safetensors'
      }
    })
    const server = await serveHub({
      'config.json': text({}),
      'model.safetensors.index.json': index,
      'model-00001-of-00002.safetensors': weights,
      'model-00002-of-00002.safetensors': weights,
      'model-00003-of-00002.safetensors': weights,
      'pytorch_model.bin': weights
    })
    expect((await readdir(await get(server, await cache()))).sort()).toEqual([
      'config.json',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json'
    ])
  })

  test('gives only config.json, or the tokenizer, to who asks for no more', async () => {
    const server = await serveHub(model)
    expect(await readdir(await get(server, await cache(), { part: 'config' }))).toEqual(['config.json'])
    expect(await readdir(await get(server, await cache(), { part: 'tokenizer' }))).toEqual(['tokenizer.json'])
  })

  test('does not name files outside the snapshot', async () => {
    const bytes = text('evil').bytes
    const server = await serveHub({
      ...model,
      '../LICENSE': { bytes },
      'sub/tokenizer.model': { bytes },
      'added_tokens.json': { bytes, hash: '../../../../evil' }
    })
    const cacheFolder = await cache()
    const folder = await get(server, cacheFolder)
    expect((await readdir(folder)).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json'])
    expect(await readdir(cacheFolder)).toEqual(['models--owner--model'])
  })
})

describe('a download that ends', () => {
  test('continues where it stopped', async () => {
    const server = await serveHub(model)
    server.faults.dropAfter = 100_000
    const folder = await get(server, await cache())
    expect((await readFile(join(folder, 'model.safetensors'))).equals(weights.bytes)).toBe(true)
    const ranges = contents(server)
      .filter(({ path }) => path.endsWith('safetensors'))
      .map(({ range }) => range)
    expect(ranges).toEqual([undefined, 'bytes=100000-299999', 'bytes=200000-299999'])
  })

  test('again and again says so, and the next one goes on', async () => {
    const server = await serveHub(model)
    const cacheFolder = await cache()
    server.faults.dropAfter = 0
    expect(await problem(get(server, cacheFolder))).toMatch(/^HUB_INTERRUPTED/)
    server.faults.dropAfter = 250_000
    const controller = new AbortController()
    await expect(
      get(server, cacheFolder, {
        signal: controller.signal,
        progress: ({ done }) => done > 100_000 && controller.abort(new Error('stopped'))
      })
    ).rejects.toThrow('stopped')
    const blobs = join(cacheFolder, 'models--owner--model', 'blobs')
    const half = (await readdir(blobs)).find(name => name.endsWith('.incomplete')) as string
    expect((await stat(join(blobs, half))).size).toBeGreaterThan(10_000)
    delete server.faults.dropAfter
    const folder = await get(server, cacheFolder)
    expect(contents(server).at(-1)?.range).toMatch(/^bytes=[1-9]\d+-299999$/)
    expect((await readFile(join(folder, 'model.safetensors'))).equals(weights.bytes)).toBe(true)
    expect((await readdir(blobs)).every(name => !name.endsWith('.incomplete'))).toBe(true)
  })

  test('by two at once is downloaded once', async () => {
    const server = await serveHub(model)
    const cacheFolder = await cache()
    const folders = await Promise.all([get(server, cacheFolder), get(server, cacheFolder)])
    expect(new Set(folders).size).toBe(1)
    expect(
      contents(server)
        .map(({ path }) => path.split('/').at(-1))
        .sort()
    ).toEqual(['config.json', 'model.safetensors', 'tokenizer.json'])
    expect(
      (await readdir(join(cacheFolder, 'models--owner--model', 'blobs'))).every(name => /^[0-9a-f]+$/.test(name))
    ).toBe(true)
  })

  test('does not wait for a process that is no more', async () => {
    const server = await serveHub(model)
    const cacheFolder = await cache()
    const folder = await get(server, cacheFolder)
    const pointer = join(folder, 'config.json')
    const blob = join(folder, await readlink(pointer))
    await rm(pointer)
    // it was killed while it took the lock
    await writeFile(`${blob}.writing`, '')
    await get(server, cacheFolder)
    expect(await readFile(pointer, 'utf8')).toBe(JSON.stringify({ model_type: 'llama' }))
  })

  test('is waited for no longer than its own user waits', async () => {
    const server = await serveHub(model)
    const cacheFolder = await cache()
    const folder = await get(server, cacheFolder)
    const pointer = join(folder, 'config.json')
    const blob = join(folder, await readlink(pointer))
    const controller = new AbortController()
    await rm(pointer)
    expect(await tryLock(`${blob}.writing`)).toHaveProperty('release')
    setTimeout(() => controller.abort(new Error('stopped')), 100)
    await expect(get(server, cacheFolder, { signal: controller.signal })).rejects.toThrow('stopped')
  })

  test('with another content than listed is refused and removed', async () => {
    const server = await serveHub(model)
    const cacheFolder = await cache()
    server.faults.content = new Uint8Array(weights.bytes.length)
    expect(await problem(get(server, cacheFolder))).toMatch(/^HUB_DAMAGED/)
    delete server.faults.content
    expect(await get(server, cacheFolder)).toContain(server.commit)
  })
})

describe('what the Hub refuses', () => {
  test.each([
    [401, 'HUB_UNAUTHORIZED'],
    [403, 'HUB_UNAUTHORIZED'],
    [404, 'HUB_NOT_FOUND'],
    [429, 'HUB_FAILED'],
    [500, 'HUB_FAILED']
  ])('%i is %s, and the token is in no error', async (status, code) => {
    const server = await serveHub(model)
    server.faults.status = status
    vi.stubEnv('HF_TOKEN', TOKEN)
    const error: Error = await get(server, await cache()).then(
      () => new Error('none'),
      (error: Error) => error
    )
    expect(error.message).toMatch(new RegExp(`^${code}: .*owner/model@main`))
    expect(server.requests[0].authorization).toBe(`Bearer ${TOKEN}`)
    expect(inspect(error, { depth: 9, showHidden: true }) + error.stack).not.toContain(TOKEN)
  })

  test('without a token is given with the one of the environment', async () => {
    const server = await serveHub(model)
    const cacheFolder = await cache()
    server.faults.token = TOKEN
    expect(await problem(get(server, cacheFolder))).toMatch(/^HUB_UNAUTHORIZED/)
    vi.stubEnv('HF_TOKEN', TOKEN)
    expect(await get(server, cacheFolder)).toContain(server.commit)
    vi.stubEnv('HF_TOKEN', 'secret')
    expect(await problem(get(server, await cache()))).toMatch(/^HUB_UNAUTHORIZED(?!.*secret)/)
  })

  test('the token goes to the Hub alone, not to where it sends', async () => {
    const server = await serveHub(model)
    const store = await serveHub(model)
    vi.stubEnv('HF_TOKEN', TOKEN)
    // Another host by name: 127.0.0.1 and localhost are two origins.
    server.faults.redirectTo = store.endpoint.replace('127.0.0.1', 'localhost')
    await get(server, await cache())
    expect(store.requests.length).toBeGreaterThan(0)
    expect(store.requests.every(({ authorization }) => authorization === undefined)).toBe(true)
  })

  test('a model without weights that can be read, or without a file at all', async () => {
    expect(await problem(get(await serveHub({ 'model.gguf': weights }), await cache()))).toMatch(
      /^HUB_NOT_FOUND.*no model that can be read/
    )
    expect(await problem(get(await serveHub(model), await cache(), {}, 'hub:owner/other'))).toMatch(/^HUB_NOT_FOUND/)
  })
})

describe('without a network', () => {
  const closed = { endpoint: 'http://127.0.0.1:9' }

  test('a complete snapshot is used, an incomplete one is not', async () => {
    const server = await serveHub(model)
    const cacheFolder = await cache()
    expect(await problem(get(closed, cacheFolder))).toMatch(/^HUB_OFFLINE/)
    const folder = await get(server, cacheFolder)
    expect(await get(closed, cacheFolder)).toBe(folder)
    expect(await get(closed, cacheFolder, {}, `hub:owner/model@${server.commit}`)).toBe(folder)
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    expect(await get(server, cacheFolder)).toBe(folder)
    expect(await problem(get(server, cacheFolder, {}, 'hub:owner/model@v1'))).toMatch(/^HUB_OFFLINE.*HF_HUB_OFFLINE/)
    vi.stubEnv('HF_HUB_OFFLINE', undefined)
    await rm(join(folder, 'model.safetensors'))
    expect(await problem(get(closed, cacheFolder))).toMatch(/^HUB_OFFLINE/)
  })

  test('the cache and the address are those of the environment', async () => {
    const server = await serveHub(model)
    const cacheFolder = await cache()
    vi.stubEnv('HF_ENDPOINT', `${server.endpoint}/`)
    vi.stubEnv('HF_HUB_CACHE', cacheFolder)
    expect(await locateModel('hub:owner/model@v1')).toContain(cacheFolder)
    expect(await readFile(join(cacheFolder, 'models--owner--model/refs/v1'), 'utf8')).toBe(server.commit)
  })
})

describe('names', () => {
  test.each([
    ['hub:owner/name', 'owner/name', 'main'],
    ['hub:gpt2', 'gpt2', 'main'],
    ['hub:o-1/n_2.x@v1.0', 'o-1/n_2.x', 'v1.0'],
    ['hub:owner/name@refs/pr/7', 'owner/name', 'refs/pr/7']
  ])('%s', (name, repo, revision) => expect(parseHubReference(name)).toEqual({ repo, revision }))

  test.each([
    'hub:',
    'hub:a/b/c',
    'hub:../x',
    'hub:a/..',
    'hub:a--b/c',
    'hub:a/b@',
    'hub:a/b@../main',
    'hub:a/b@x/../../y',
    'hub:a/b@-x',
    'hub:a b',
    'hub:a/b?x',
    'hub:%2e/b'
  ])('%s is refused', name => {
    expect(() => parseHubReference(name)).toThrow(/^HUB_REFERENCE/)
  })

  test('of a snapshot is the name of its repository', () => {
    const commit = 'c0ffee'.padEnd(40, '0')
    expect(
      [
        '/x/models--owner--Baichuan2-7B-Base/snapshots/' + commit,
        '/x/models--gpt2/snapshots/' + commit,
        '/x/llama/',
        'y'
      ].map(modelName)
    ).toEqual(['Baichuan2-7B-Base', 'gpt2', 'llama', 'y'])
  })

  test('a folder stays a folder', async () => {
    expect(await locateModel('llama', { baseFolder: '/models' })).toBe('/models/llama')
    expect([await locateModel('/a/llama'), await locateModel('llama')]).toEqual(['/a/llama', 'llama'])
  })
})

test('a damaged index in the cache is not complete', async () => {
  const index = text({ weight_map: { a: 'model-00001-of-00001.safetensors' } })
  const server = await serveHub({
    'config.json': text({}),
    'model.safetensors.index.json': index,
    'model-00001-of-00001.safetensors': weights
  })
  const cacheFolder = await cache()
  const folder = await get(server, cacheFolder)
  expect(await get({ endpoint: 'http://127.0.0.1:9' }, cacheFolder)).toBe(folder)
  await writeFile(join(folder, 'model.safetensors.index.json'), '{')
  expect(await problem(get({ endpoint: 'http://127.0.0.1:9' }, cacheFolder))).toMatch(/^HUB_OFFLINE/)
})
