// npm run docs:open: serves docs/api on this machine alone and says where; opens a browser where there is a display.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sirv from 'sirv'
import { fail, root } from '../setup/workspace.mjs'

/**
 * A static server on the loopback address. It reads each file when it is asked for, so a site may be built again under
 * it.
 *
 * @param {string} folder what to serve
 * @param {number} port 0 for any
 * @returns {Promise<import('node:http').Server>} listening
 */
export function serve(folder, port) {
  const setHeaders = response => response.setHeader('x-content-type-options', 'nosniff')
  const server = createServer(sirv(folder, { dev: true, setHeaders }))
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
