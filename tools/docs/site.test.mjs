import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { serve } from './serve.mjs'
import { deadLinks } from './site/dead-links.mjs'
import { relativeLinks, siteLinks } from './site/links.mjs'
import { writeSources } from './site/sources.mjs'

let folder
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'site-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const page = (path, body) => {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), body)
}

test('a link to a missing page, a missing fragment or an unknown scheme is dead; others are not', () => {
  page(
    'index.html',
    '<a href="a/b.html#here">1</a><a href="a/b.html#gone">2</a><a href="c.html">3</a><a href="https://example.org/">4</a><a href="site:x">5</a><a href="#top" id="top">6</a><img src="missing.png">'
  )
  page('a/b.html', '<h1 id="here">x</h1><a href="../index.html">7</a><a href="./">8</a>')
  const { pages, links, dead } = deadLinks(folder)
  expect([pages, links]).toEqual([2, 8])
  expect(dead.sort()).toEqual([
    'a/b.html → ./',
    'index.html → a/b.html#gone',
    'index.html → c.html',
    'index.html → missing.png',
    'index.html → site:x'
  ])
})

test('links of guides that leave docs/ lead to pages of the site; images and guides stay', () => {
  const text =
    '[core](../packages/core) [readme](../packages/nn/README.md) [adr](adr/0002-layers.md) [examples](examples) [schemes](schemes.md#a) ![x](images/x.svg) [out](https://x.org) [gone](nowhere.md)'
  const { text: rewritten, linked } = siteLinks(text, 'docs', new Set(['docs/schemes.md']))
  expect(rewritten).toBe(
    '[core](site:modules/_skipwise_core.html) [readme](site:modules/_skipwise_nn.html) [adr](site:sources/docs/adr/0002-layers.md.html) [examples](site:sources/docs/examples/index.html) [schemes](schemes.md#a) ![x](images/x.svg) [out](https://x.org) [gone](nowhere.md)'
  )
  expect(relativeLinks('<a href="site:modules/x.html">', 'documents/a.html')).toBe('<a href="../modules/x.html">')
  writeSources(folder, linked)
  page('index.html', '')
  page('modules/_skipwise_core.html', '')
  const { pages, dead } = deadLinks(folder)
  expect(pages).toBeGreaterThan(8)
  expect(dead).toEqual([])
})

test('the server gives pages and nothing above its folder', async () => {
  page('site/index.html', '<h1>Here</h1>')
  page('secret.html', 'secret')
  const server = await serve(join(folder, 'site'), 0)
  const ask = path =>
    new Promise(resolve =>
      get({ port: server.address().port, host: '127.0.0.1', path }, response => {
        let body = ''
        response.on('data', part => (body += part)).on('end', () => resolve([response.statusCode, body]))
      })
    )
  expect(await ask('/')).toEqual([200, '<h1>Here</h1>'])
  for (const path of ['/../secret.html', '/%2e%2e/secret.html', '/%2e%2e%2fsecret.html', '/gone.html', '/%'])
    expect((await ask(path))[0], path).toBe(404)
  server.close()
})
