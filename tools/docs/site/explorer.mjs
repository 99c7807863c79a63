// The position explorer as a static page: one script with everything in it, from the built packages.
import { build } from 'esbuild'
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('../explorer', import.meta.url))

/**
 * @param {string} folder where to write the page @param {string[]} conditions of `exports`; those of source for tests
 * without a build
 */
export async function buildExplorer(folder, conditions = ['@skipwise/source']) {
  mkdirSync(folder, { recursive: true })
  for (const name of ['index.html', 'style.css']) cpSync(join(source, name), join(folder, name))
  await build({
    entryPoints: [join(source, 'main.ts')],
    outfile: join(folder, 'explorer.js'),
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    conditions,
    logLevel: 'silent'
  })
}
