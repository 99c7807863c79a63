import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { serveHub, type HubServer, type ServedFile } from '../test/hub-server.js'
import type { DownloadOptions } from './download-model.js'
import type { HubLimits } from './limits.js'
import { locateModel } from './locate-model.js'

beforeEach(() => {
  for (const name of ['HF_TOKEN', 'HF_HUB_OFFLINE', 'HF_ENDPOINT', 'HF_HUB_CACHE']) vi.stubEnv(name, undefined)
})
afterEach(() => void vi.unstubAllEnvs())

const text = (content: string) => ({ bytes: new TextEncoder().encode(content) })
const weights = { bytes: new Uint8Array(randomBytes(300_000)), lfs: true }
const model = { 'config.json': text('{}'), 'model.safetensors': weights } satisfies Record<string, ServedFile>

const HOUR = 3_600_000
/** Limits of size and number that are small, and of time that no test reaches. */
const SMALL: Partial<HubLimits> = {
  retryDelay: 1,
  tries: 2,
  answerBytes: 100_000,
  pages: 5,
  paceBytes: 1000,
  paceTime: HOUR,
  answerTime: HOUR
}
/** Limits of time that a test can wait for. */
const SHORT: Partial<HubLimits> = { ...SMALL, paceTime: 150, answerTime: 400 }
/** Limits that a test cannot wait for: what ends is ended by something else. */
const LONG: Partial<HubLimits> = { retryDelay: HOUR, longestDelay: HOUR, paceTime: HOUR, answerTime: HOUR }

async function cache(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skipwise-hub-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}
const get = (server: Pick<HubServer, 'endpoint'>, cacheFolder: string, options: DownloadOptions = {}) =>
  locateModel('hub:owner/model', { endpoint: server.endpoint, cacheFolder, limits: SMALL, ...options })
const problem = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: Error) => error.message
  )
const isCommit = (path: string) => path.includes('/revision/')
const isList = (path: string) => path.includes('/tree/')
const isWeights = (path: string) => path.endsWith('model.safetensors')

/** Sends pieces without an end, as fast as they are taken or one after each interval. */
function endless(response: ServerResponse, piece: string | Uint8Array, interval = 0): void {
  const send = () => {
    if (response.destroyed) return
    if (interval > 0) {
      response.write(piece)
      setTimeout(send, interval)
    } else if (response.write(piece)) setImmediate(send)
    else response.once('drain', send)
  }
  send()
}

/** A Hub that answers requests for a part in a way of its own. */
async function strange(
  isPart: (path: string) => boolean,
  answer: (response: ServerResponse) => void
): Promise<HubServer> {
  const server = await serveHub(model)
  server.faults.intercept = (_, response, path) => {
    if (isPart(path)) answer(response)
    return isPart(path)
  }
  return server
}

describe('an answer of the Hub', () => {
  test.each([
    ['commit', isCommit],
    ['list', isList]
  ])('without an end is refused: the %s', async (_, isPart) => {
    const server = await strange(isPart, response => endless(response, ' '.repeat(10_000)))
    expect(await problem(get(server, await cache()))).toMatch(
      /^HUB_LIMIT: .*owner\/model@main has more than 100000 bytes/
    )
  })

  test('that is small only as long as it is compressed is refused', async () => {
    const bomb = gzipSync(' '.repeat(50_000_000))
    const server = await strange(
      isList,
      response => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
    )
    expect(await problem(get(server, await cache()))).toMatch(/^HUB_LIMIT/)
  })

  test.each([
    ['commit', isCommit],
    ['list', isList]
  ])('that drips is ended, and asked for again: the %s', async (_, isPart) => {
    let asked = 0
    const server = await strange(isPart, response => {
      asked += 1
      endless(response, ' ', 20)
    })
    expect(await problem(get(server, await cache(), { limits: SHORT }))).toMatch(/^HUB_SLOW/)
    expect(asked).toBe(2)
  })

  test.each([
    ['commit', isCommit],
    ['list', isList],
    ['file', isWeights]
  ])('that does not begin is ended: the %s', async (_, isPart) => {
    const server = await strange(isPart, () => undefined)
    expect(await problem(get(server, await cache(), { limits: SHORT }))).toMatch(/^HUB_SLOW/)
  })

  test('in pages without an end is refused', async () => {
    const server = await serveHub(model)
    server.faults.next = `${server.endpoint}/api/models/owner/model/tree/${server.commit}`
    expect(await problem(get(server, await cache()))).toMatch(
      /^HUB_LIMIT: the list of owner\/model@main has more than 5 pages/
    )
    expect(server.requests.filter(({ path }) => isList(path)).length).toBe(5)
  })

  test.each([
    ['commit', isCommit],
    ['file', isWeights]
  ])('that refuses is not read to its end: the %s', async (_, isPart) => {
    const server = await strange(isPart, response => endless(response.writeHead(403), ' '.repeat(10_000)))
    expect(await problem(get(server, await cache()))).toMatch(/^HUB_UNAUTHORIZED/)
  })

  test('that asks to wait is asked again', async () => {
    let asked = 0
    const server = await serveHub(model)
    server.faults.intercept = (_, response, path) => {
      const isFirst = isCommit(path) && asked++ === 0
      if (isFirst) response.writeHead(429, { 'retry-after': '1000000' }).end()
      return isFirst
    }
    expect(await get(server, await cache(), { limits: { ...SMALL, longestDelay: 5 } })).toContain(server.commit)
    expect(asked).toBe(2)
  })

  test.each([undefined, null, 7, '', '../../../etc', 'C0FFEE'.padEnd(40, '0'), 'c0ffee', { toString: 'x' }])(
    'with the commit %j is refused',
    async sha => {
      const server = await strange(isCommit, response => void response.end(JSON.stringify({ id: 'owner/model', sha })))
      expect(await problem(get(server, await cache()))).toMatch(
        /^HUB_FAILED: the commit of owner\/model@main: the Hub sent an unexpected answer/
      )
    }
  )

  test.each([
    '',
    'no',
    'null',
    '7',
    '[',
    '[null]',
    '[{}]',
    '{}',
    '[{"type":"file","path":"config.json","size":"1","oid":"a"}]'
  ])('of another form, %j, is refused', async body => {
    for (const isPart of [isCommit, isList]) {
      const server = await strange(isPart, response => void response.end(body))
      expect(await problem(get(server, await cache()))).toMatch(/^HUB_FAILED/)
    }
  })

  test.each(['http://[', 'http://name:word@127.0.0.1/'])('whose next page is at %s is refused', async next => {
    const server = await serveHub(model)
    server.faults.next = next
    expect(await problem(get(server, await cache()))).toMatch(/^HUB_FAILED/)
  })

  test('is not waited for where the model is in the cache', async () => {
    const server = await serveHub(model)
    const cacheFolder = await cache()
    const folder = await get(server, cacheFolder)
    server.faults.intercept = () => true
    expect(await get(server, cacheFolder, { limits: SHORT })).toBe(folder)
  })
})

describe('a list of files', () => {
  const contents = ({ requests }: HubServer) => requests.filter(({ path }) => path.includes('/resolve/'))
  const listing = (size: number, path: string) =>
    JSON.stringify([
      { type: 'file', path, size, oid: 'a'.repeat(40) },
      { type: 'file', path: 'config.json', size: 2, oid: 'b'.repeat(40) }
    ])

  test('with a file without weights that is too large is refused before anything is downloaded', async () => {
    const server = await strange(isList, response => void response.end(listing(257 * 2 ** 20, 'tokenizer.json')))
    expect(await problem(get(server, await cache()))).toMatch(/^HUB_LIMIT: tokenizer.json/)
    const index = await strange(
      isList,
      response => void response.end(listing(257 * 2 ** 20, 'model.safetensors.index.json'))
    )
    expect(await problem(get(index, await cache()))).toMatch(/^HUB_LIMIT: model.safetensors.index.json/)
    expect([...contents(server), ...contents(index)]).toEqual([])
  })

  test('with more weights than the disk has room for is refused before anything is downloaded', async () => {
    const server = await strange(isList, response => void response.end(listing(2 ** 52, 'model.safetensors')))
    expect(await problem(get(server, await cache()))).toMatch(/^DISK_FULL: the download needs 4503599627370498 bytes/)
    expect(contents(server)).toEqual([])
  })

  test('with too many files is refused', async () => {
    const licences = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`LICENSE.${i}`, text(String(i))]))
    const server = await serveHub({ ...model, ...licences })
    expect(await problem(get(server, await cache(), { limits: { ...SMALL, files: 10 } }))).toMatch(
      /^HUB_LIMIT: owner\/model@main has more than 10 files/
    )
    expect(contents(server)).toEqual([])
  })

  test('names what can be a file name alone', async () => {
    const server = await serveHub({ ...model, [`LICENSE${'x'.repeat(300)}`]: text('long') })
    expect((await readdir(await get(server, await cache()))).sort()).toEqual(Object.keys(model))
  })
})

describe('the content of a file', () => {
  test('that drips is given up, what came stays, and the next call goes on', async () => {
    const server = await serveHub(model)
    const cacheFolder = await cache()
    server.faults.intercept = (_, response, path) => {
      if (isWeights(path)) endless(response.writeHead(200), weights.bytes.subarray(0, 10), 20)
      return isWeights(path)
    }
    expect(await problem(get(server, cacheFolder, { limits: SHORT }))).toMatch(/^HUB_SLOW: model.safetensors/)
    const blobs = join(cacheFolder, 'models--owner--model', 'blobs')
    const incomplete = (await readdir(blobs)).filter(name => name.endsWith('.incomplete'))
    expect(incomplete.length).toBe(1)
    const { size } = await stat(join(blobs, incomplete[0]))
    expect(size).toBeGreaterThan(0)
    // The bytes that dripped were wrong ones from the second on.
    await writeFile(join(blobs, incomplete[0]), weights.bytes.subarray(0, size))
    delete server.faults.intercept
    const folder = await get(server, cacheFolder)
    expect((await readFile(join(folder, 'model.safetensors'))).equals(weights.bytes)).toBe(true)
    expect(server.requests.at(-1)?.range).toBe(`bytes=${size}-299999`)
  })

  test('that stops in the middle goes on with another connection, as often as it brings something', async () => {
    const server = await serveHub(model)
    server.faults.intercept = (request, response, path) => {
      if (!isWeights(path)) return false
      const start = Number(/\d+/.exec(request.headers.range ?? '0'))
      const headers = start > 0 ? { 'content-range': `bytes ${start}-299999/300000` } : {}
      response.writeHead(start > 0 ? 206 : 200, headers).write(weights.bytes.subarray(start, start + 60_000))
      return true
    }
    const folder = await get(server, await cache(), { limits: { ...SHORT, paceTime: 500, tries: 9 } })
    expect((await readFile(join(folder, 'model.safetensors'))).equals(weights.bytes)).toBe(true)
    expect(server.requests.filter(({ path }) => isWeights(path)).length).toBeGreaterThanOrEqual(5)
  })

  test('of a server that knows no ranges arrives too', async () => {
    const server = await serveHub(model)
    server.faults.dropAfter = 100_000
    server.faults.intercept = (request, response, path) => {
      const isRest = isWeights(path) && request.headers.range !== undefined
      if (isRest) response.end(weights.bytes)
      return isRest
    }
    const folder = await get(server, await cache())
    expect((await readFile(join(folder, 'model.safetensors'))).equals(weights.bytes)).toBe(true)
  })

  test('of another range than asked for is refused', async () => {
    const server = await serveHub(model)
    server.faults.dropAfter = 100_000
    server.faults.intercept = (request, response, path) => {
      const isRest = isWeights(path) && request.headers.range !== undefined
      if (isRest) response.writeHead(206, { 'content-range': 'bytes 0-299999/300000' }).end(weights.bytes)
      return isRest
    }
    expect(await problem(get(server, await cache()))).toMatch(/^HUB_FAILED: model.safetensors/)
  })

  test('without an end stops at the size that is listed', async () => {
    const server = await strange(isWeights, response => endless(response, weights.bytes))
    expect(await problem(get(server, await cache()))).toMatch(
      /^HUB_DAMAGED: model.safetensors has more than the 300000 bytes/
    )
  })

  test('may be empty', async () => {
    const server = await serveHub({ ...model, 'merges.txt': text('') })
    expect(await readFile(join(await get(server, await cache()), 'merges.txt'), 'utf8')).toBe('')
  })
})

describe('the user ends', () => {
  const parts = [
    ['commit', isCommit],
    ['list', isList],
    ['file', isWeights]
  ] as const

  /** Downloads, and aborts when the server has been asked for a part. */
  async function abortAt(
    isPart: (path: string) => boolean,
    answer: (response: ServerResponse) => void
  ): Promise<string> {
    const controller = new AbortController()
    const server = await strange(isPart, response => {
      answer(response)
      setTimeout(() => controller.abort(new Error('stopped')), 50)
    })
    return problem(get(server, await cache(), { limits: LONG, signal: controller.signal }))
  }

  test.each(parts)('a wait for an answer: the %s', async (_, isPart) => {
    expect(await abortAt(isPart, () => undefined)).toBe('stopped')
  })

  test.each(parts)('an answer that drips: the %s', async (_, isPart) => {
    expect(await abortAt(isPart, response => endless(response, ' ', 20))).toBe('stopped')
  })

  test.each(parts)('a wait, and leaves no timer that keeps the process: the %s', async (_, isPart) => {
    const set = vi.spyOn(globalThis, 'setTimeout')
    const clear = vi.spyOn(globalThis, 'clearTimeout')
    onTestFinished(() => void vi.restoreAllMocks())
    await abortAt(isPart, () => undefined)
    const cleared = new Set(clear.mock.calls.map(([timer]) => timer))
    const long = set.mock.results.filter((_, i) => set.mock.calls[i][1] === LONG.answerTime)
    expect(long.length).toBeGreaterThan(0)
    expect(long.filter(({ value }) => !cleared.has(value))).toEqual([])
  })

  test.each(parts)('a wait before another try: the %s', async (_, isPart) => {
    expect(await abortAt(isPart, response => void response.writeHead(500).end())).toBe('stopped')
  })
})

test('a cache that is no folder is said', async () => {
  const server = await serveHub(model)
  const file = join(await cache(), 'file')
  await writeFile(file, '')
  expect(await problem(get(server, join(file, 'cache')))).toMatch(/^HUB_CACHE: .*ENOTDIR/)
})
