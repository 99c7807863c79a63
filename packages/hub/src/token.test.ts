import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { serveHub, type HubServer, type ServedFile } from '../test/hub-server.js'
import { guardedFetch } from './guarded-fetch.js'
import { HUB_LIMITS } from './limits.js'
import { locateModel } from './locate-model.js'

const TOKEN = 'hf_secretsecretsecret'

beforeEach(() => {
  for (const name of ['HF_HUB_OFFLINE', 'HF_ENDPOINT', 'HF_HUB_CACHE']) vi.stubEnv(name, undefined)
  vi.stubEnv('HF_TOKEN', TOKEN)
})
afterEach(() => void vi.unstubAllEnvs())

const text = (content: string) => ({ bytes: new TextEncoder().encode(content) })
const model = {
  'config.json': text('{"model_type": "llama"}'),
  'model.safetensors': { bytes: new Uint8Array(randomBytes(5000)), lfs: true }
} satisfies Record<string, ServedFile>
const NAMES = Object.keys(model)

async function download(server: Pick<HubServer, 'endpoint'>): Promise<string[]> {
  const cacheFolder = await mkdtemp(join(tmpdir(), 'skipwise-hub-'))
  onTestFinished(() => rm(cacheFolder, { recursive: true }))
  const folder = await locateModel('hub:owner/model', {
    endpoint: server.endpoint,
    cacheFolder,
    limits: { retryDelay: 1 }
  })
  return (await readdir(folder)).sort()
}

/** The Hub, and another origin that serves the same; every request to the Hub has the token. */
async function hubAndOther(): Promise<{ hub: HubServer; other: HubServer }> {
  const hub = await serveHub(model)
  const other = await serveHub(model)
  hub.faults.token = TOKEN
  return { hub, other }
}

const tokensOf = ({ requests }: HubServer) => requests.map(({ authorization }) => authorization)
const redirect = (response: ServerResponse, location: string) => void response.writeHead(302, { location }).end()

describe('the token goes to the Hub alone', () => {
  test('a next page of the Hub gets it, one of another origin does not', async () => {
    const { hub, other } = await hubAndOther()
    hub.faults.next = `${other.endpoint}/api/models/owner/model/tree/${other.commit}`
    expect(await download(hub)).toEqual(NAMES)
    expect(tokensOf(other)).toEqual([undefined])

    hub.faults.next = `${hub.endpoint}/api/models/owner/model/tree/second`
    hub.faults.intercept = (_, response, path) => {
      const isSecond = path.endsWith('/tree/second')
      if (isSecond) response.setHeader('content-type', 'application/json').end('[]')
      return isSecond
    }
    expect(await download(hub)).toEqual(NAMES)
    expect(
      hub.requests.filter(({ path }) => path.endsWith('/tree/second')).map(({ authorization }) => authorization)
    ).toEqual([`Bearer ${TOKEN}`])
  })

  test.each([
    ['the commit', '/revision/'],
    ['the list', '/tree/'],
    ['a file', '/resolve/']
  ])('%s that is redirected to another origin does not take it there', async (_, part) => {
    const { hub, other } = await hubAndOther()
    hub.faults.intercept = (request, response, path) => {
      const isPart = path.includes(part)
      if (isPart) redirect(response, `${other.endpoint}${request.url}`)
      return isPart
    }
    expect(await download(hub)).toEqual(NAMES)
    expect(other.requests.length).toBeGreaterThan(0)
    expect(new Set(tokensOf(other))).toEqual(new Set([undefined]))
    expect(new Set(tokensOf(hub))).toEqual(new Set([`Bearer ${TOKEN}`]))
  })

  test('a way over another origin and back brings it to neither', async () => {
    const { hub, other } = await hubAndOther()
    delete hub.faults.token
    hub.faults.intercept = (_, response, path) => {
      const isFile = path.endsWith('model.safetensors') && !path.startsWith('/back')
      if (isFile) redirect(response, `${other.endpoint}${path}`)
      return isFile
    }
    other.faults.intercept = (_, response, path) => {
      redirect(response, `${hub.endpoint}/back${path}`)
      return true
    }
    await expect(download(hub)).rejects.toThrow(/^HUB_NOT_FOUND/)
    expect(
      hub.requests.filter(({ path }) => path.startsWith('/back')).map(({ authorization }) => authorization)
    ).toEqual([undefined])
    expect(tokensOf(other)).toEqual([undefined])
  })

  test('what the Hub says of Xet is not followed', async () => {
    const { hub, other } = await hubAndOther()
    hub.faults.intercept = (request, response, path) => {
      const isXet = path.includes('/resolve/') && (request.headers.accept ?? '').includes('xet')
      if (isXet) {
        const auth = `<${other.endpoint}/auth>; rel="xet-auth"`
        const links = `${auth}, <${other.endpoint}/v1/reconstructions/a>; rel="xet-reconstruction-info"`
        response
          .writeHead(200, {
            'content-type': 'application/vnd.xet-fileinfo+json',
            'x-linked-size': '5000',
            'x-xet-hash': 'a',
            etag: '"a"',
            link: links
          })
          .end('{}')
      }
      return isXet
    }
    expect(await download(hub)).toEqual(NAMES)
    expect(other.requests).toEqual([])
  })

  test('a mirror that the environment names gets it; where its answers lead does not', async () => {
    const { hub: mirror, other } = await hubAndOther()
    vi.stubEnv('HF_ENDPOINT', `${mirror.endpoint}/`)
    mirror.faults.next = `${other.endpoint}/api/models/owner/model/tree/${other.commit}`
    mirror.faults.redirectTo = other.endpoint
    const cacheFolder = await mkdtemp(join(tmpdir(), 'skipwise-hub-'))
    onTestFinished(() => rm(cacheFolder, { recursive: true }))
    expect((await readdir(await locateModel('hub:owner/model', { cacheFolder }))).sort()).toEqual(NAMES)
    expect(new Set(tokensOf(mirror))).toEqual(new Set([`Bearer ${TOKEN}`]))
    expect(new Set(tokensOf(other))).toEqual(new Set([undefined]))
  })

  test('another port, another name of the same machine and another scheme are other origins', async () => {
    const { hub, other } = await hubAndOther()
    delete hub.faults.token
    const guard = { origin: new URL(hub.endpoint).origin, token: TOKEN, signal: undefined, limits: HUB_LIMITS }
    const path = `/api/models/owner/model/revision/main`
    for (const endpoint of [hub.endpoint, other.endpoint, hub.endpoint.replace('127.0.0.1', 'localhost')]) {
      const answer = await guardedFetch({ address: `${endpoint}${path}`, what: 'the commit' }, guard)
      answer.close()
    }
    expect(tokensOf(hub)).toEqual([`Bearer ${TOKEN}`, undefined])
    expect(tokensOf(other)).toEqual([undefined])
    const secure = await guardedFetch(
      { address: hub.endpoint + path, what: 'the commit' },
      { ...guard, origin: guard.origin.replace('http:', 'https:') }
    )
    secure.close()
    expect(tokensOf(hub)).toEqual([`Bearer ${TOKEN}`, undefined, undefined])
  })
})

test.each(['hf_a\nx-other: b', 'hf_\u00e9', 'secret'])(
  'a token that no header can hold, or that is none, is not sent and not printed',
  async token => {
    const hub = await serveHub(model)
    vi.stubEnv('HF_TOKEN', token)
    const error: unknown = await download(hub).catch((error: unknown) => error)
    expect(String(error)).toMatch(/HUB_UNAUTHORIZED/)
    expect(String(error)).not.toContain(token)
    expect(hub.requests).toEqual([])
  }
)

test.each(['huggingface.co', 'ftp://host', 'http://name:password@host', 'https://host/?token=secret', 'file:///etc'])(
  'HF_ENDPOINT=%s is refused, and not printed',
  async endpoint => {
    vi.stubEnv('HF_ENDPOINT', endpoint)
    const error: unknown = await locateModel('hub:owner/model', { cacheFolder: join(tmpdir(), 'skipwise-none') }).catch(
      (error: unknown) => error
    )
    expect(String(error)).toMatch(/HUB_ENDPOINT/)
    expect(String(error)).not.toMatch(/password@|secret|ftp:|file:/)
  }
)
