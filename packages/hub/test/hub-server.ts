import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A Hub on the loopback interface, with one model. */
export interface HubServer {
  readonly endpoint: string
  readonly commit: string
  /** Requests so far: method, path, range and whether a token came along. */
  readonly requests: {
    readonly path: string
    readonly range: string | undefined
    readonly authorization: string | undefined
  }[]
  /** What the server does wrong; may be changed at any time. */
  faults: {
    /** Closes the connection after this many bytes of a file. */
    dropAfter?: number
    /** Answers with this status. */
    status?: number
    /** Asks for this token. */
    token?: string
    /** Sends files' contents elsewhere. */
    redirectTo?: string
    /** Replaces the content of a file after its hash was listed. */
    content?: Uint8Array
    /** Names this address as the next page of the list. */
    next?: string
    /** Answers as it likes; true where it did. */
    intercept?: (request: IncomingMessage, response: ServerResponse, path: string) => boolean
  }
}

/** A file of the model; without `lfs` as git keeps it. */
export interface ServedFile {
  readonly bytes: Uint8Array
  readonly lfs?: boolean
  /** Listed in place of the true hash. */
  readonly hash?: string
}

const REPO = 'owner/model'

/** Serves the files of `owner/model` until the test is over. */
export async function serveHub(files: Readonly<Record<string, ServedFile>>): Promise<HubServer> {
  const commit = 'c0ffee'.padEnd(40, '0')
  const requests: HubServer['requests'] = []
  const faults: HubServer['faults'] = {}
  const listed = Object.entries(files).map(([path, { bytes, lfs, hash }]) => {
    const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
    return {
      type: 'file',
      path,
      size: bytes.length,
      oid: lfs ? oid : (hash ?? oid),
      ...(lfs
        ? {
            lfs: { oid: hash ?? createHash('sha256').update(bytes).digest('hex'), size: bytes.length, pointerSize: 130 }
          }
        : {})
    }
  })
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url as string, 'http://hub')
    const json = (value: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value))
    requests.push({
      path: decodeURIComponent(pathname),
      range: request.headers.range,
      authorization: request.headers.authorization
    })
    if (faults.intercept?.(request, response, decodeURIComponent(pathname))) return
    if (faults.status !== undefined)
      return void response.writeHead(faults.status).end(`private token ${request.headers.authorization}`)
    if (faults.token !== undefined && request.headers.authorization !== `Bearer ${faults.token}`)
      return void response.writeHead(401).end('no')
    if (new RegExp(`^/api/models/${REPO}/revision/(main|v1|${commit})$`).test(decodeURIComponent(pathname)))
      return void json({ _id: '1', id: REPO, sha: commit, lastModified: '2026-01-01' })
    if (pathname === `/api/models/${REPO}/tree/${commit}` && faults.next !== undefined)
      response.setHeader('link', `<${faults.next}>; rel="next"`)
    if (pathname === `/api/models/${REPO}/tree/${commit}`)
      return void json([{ type: 'directory', path: 'onnx', size: 0, oid: commit }, ...listed])
    const name = pathname.startsWith(`/${REPO}/resolve/${commit}/`)
      ? pathname.slice(`/${REPO}/resolve/${commit}/`.length)
      : undefined
    const file = name === undefined ? undefined : files[name]
    if (!file) return void response.writeHead(404, { 'X-Error-Code': 'RepoNotFound' }).end()
    const probe = request.headers.range === 'bytes=0-0'
    if (faults.redirectTo !== undefined && !probe)
      return void response.writeHead(302, { location: `${faults.redirectTo}${pathname}` }).end()
    sendFile(
      request,
      response,
      probe ? file.bytes : (faults.content ?? file.bytes),
      probe ? undefined : faults.dropAfter
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(
    () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  )
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, commit, requests, faults }
}

function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
  dropAfter: number | undefined
): void {
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
  const start = range ? Number(range[1]) : 0
  const end = range ? Math.min(Number(range[2]) + 1, bytes.length) : bytes.length
  response.writeHead(range ? 206 : 200, {
    etag: '"e"',
    'content-length': end - start,
    ...(range ? { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` } : {})
  })
  const part = bytes.subarray(start, end)
  if (dropAfter === undefined || part.length <= dropAfter) response.end(part)
  else response.write(part.subarray(0, dropAfter), () => setTimeout(() => response.destroy(), 20))
}
