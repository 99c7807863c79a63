// npm run docs:open: serves docs/api on this machine alone and says where; opens a browser where there is a display.
import { spawn } from 'node:child_process'
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fail, root } from '../setup/workspace.mjs'

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.png': 'image/png',
  '.yaml': 'text/plain; charset=utf-8',
  '.md': 'text/plain; charset=utf-8'
}

/**
 * A static server on the loopback address.
 *
 * @param {string} folder what to serve
 * @param {number} port 0 for any
 * @returns {Promise<import('node:http').Server>} listening
 */
export function serve(folder, port) {
  const server = createServer((request, response) => {
    let path
    try {
      path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname))
    } catch {
      path = '/..'
    }
    // `normalize` of an absolute path has no `..` left, so a request cannot leave the folder
    const file = join(folder, path.endsWith('/') ? join(path, 'index.html') : path)
    if (!file.startsWith(folder) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('There is no such page.\n')
      return
    }
    response.writeHead(200, {
      'content-type': types[extname(file)] ?? 'application/octet-stream',
      'x-content-type-options': 'nosniff'
    })
    createReadStream(file).pipe(response)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const site = join(root, 'docs', 'api')
  if (!existsSync(join(site, 'index.html'))) fail('docs: there is no site yet: run `npm run docs`')
  const server = await serve(site, Number(process.argv[2] ?? 0)).catch(error =>
    fail(`docs: ${error.message}: give another port`)
  )
  const address = `http://127.0.0.1:${server.address().port}/`
  console.log(`${address} (Ctrl+C ends it)`)
  const opener =
    { darwin: 'open', win32: 'explorer' }[process.platform] ??
    (process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? 'xdg-open' : undefined)
  if (opener !== undefined)
    spawn(opener, [address], { stdio: 'ignore', detached: true })
      .once('error', () => {})
      .unref()
}
