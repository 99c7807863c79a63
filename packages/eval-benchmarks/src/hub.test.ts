import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { downloadSplit } from './hub.js'

const asked: string[] = []
const server = createServer((request, response) => {
  asked.push(request.url ?? '')
  if (request.url?.includes('/silent/')) return
  if (request.url?.includes('/drip/')) return void setInterval(() => response.write('.'), 10).unref()
  if (request.url?.includes('/endless/')) {
    setInterval(() => response.write('x'.repeat(1000)), 1).unref()
    return
  }
  if (request.url?.includes('/train/')) response.writeHead(404).end()
  else response.end('rows')
})
await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
const cache = await mkdtemp(join(tmpdir(), 'hub-'))
Object.assign(process.env, {
  HF_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  SKIPWISE_CACHE: cache
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await rm(cache, { recursive: true })
})

test('downloads a split once', async () => {
  const file = await downloadSplit('owner/name', 'config/test')
  expect(await readFile(file, 'utf8')).toBe('rows')
  expect(await downloadSplit('owner/name', 'config/test')).toBe(file)
  await downloadSplit('owner/name', 'validation')
  expect(asked).toEqual([
    '/datasets/owner/name/resolve/refs%2Fconvert%2Fparquet/config/test/0000.parquet',
    '/datasets/owner/name/resolve/refs%2Fconvert%2Fparquet/default/validation/0000.parquet'
  ])
})

test('says what cannot be downloaded, and leaves nothing behind', async () => {
  await expect(downloadSplit('owner/name', 'config/train')).rejects.toThrow(/BENCHMARK_HUB: .*HTTP 404/)
  await expect(readFile(join(cache, 'benchmarks/owner/name/config-train.parquet'))).rejects.toThrow('ENOENT')
})

test.each([
  ['silent', 'less than 100 bytes in 0.2 s'],
  ['drip', 'less than 100 bytes in 0.2 s'],
  ['endless', 'more than 50000 bytes']
])('ends a download that is %s, and leaves nothing behind', async (name, why) => {
  const limits = { bytes: 50_000, paceTime: 200, paceBytes: 100 }
  await expect(downloadSplit('owner/name', `config/${name}`, { limits })).rejects.toThrow(
    new RegExp(`BENCHMARK_HUB: .*${why}`)
  )
  await expect(readFile(join(cache, `benchmarks/owner/name/config-${name}.parquet`))).rejects.toThrow('ENOENT')
})
