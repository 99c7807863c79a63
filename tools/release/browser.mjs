// The packages that are pure numbers, in a browser: bundled with all their dependencies from their tarballs, run in
// headless Chromium, and compared number by number with Node.
import { build } from 'esbuild'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(path => existsSync(path))
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

/** A module per package whose default export is a list of numbers: what every plugin of the package computes. */
const probes = {
  '@skipwise/interpolation': `import { interpolationPlugins } from '@skipwise/interpolation'
    const geometry = { rotaryDim: 64, base: 10000, originalLength: 2048, targetLength: 16384, length: 16384 }
    export default interpolationPlugins.flatMap(plugin => {
      const read = plugin.config['~standard'].validate({})
      if (read.issues) return [] // a scheme without defaults
      const { inverseFrequencies, attentionFactor } = plugin().frequencies(geometry)
      return [...inverseFrequencies, attentionFactor]
    })`,
  '@skipwise/position-transforms': `import { positionTransformPlugins } from '@skipwise/position-transforms'
    const document = Int32Array.from({ length: 20000 }, (_, place) => place % 1000)
    export default positionTransformPlugins.flatMap(plugin => {
      const read = plugin.config['~standard'].validate({})
      if (read.issues) return []
      const { ids, positionIds, labelMask } = plugin().example(document, { original: 512, target: 4096 }, { seed: 1, epoch: 2, index: 3 })
      return [...ids, ...positionIds, ...labelMask]
    })`
}

/** Relative. Versions of V8 differ in the last bits of `**`: Node 20 and Chromium 156 do. */
const tolerance = 1e-14

/**
 * @param {readonly { name: string, project: string }[]} projects
 * @returns {Promise<{ said: string, problems: string[] }>}
 */
export async function checkBrowser(projects) {
  if (executablePath === undefined) return { said: 'skipped, /usr/bin/chromium is not installed', problems: [] }
  const problems = []
  const said = []
  const folder = mkdtempSync(join(tmpdir(), 'skipwise-browser-'))
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath,
    headless: true,
    args
  })
  try {
    for (const { name, project } of projects.filter(each => each.name in probes)) {
      const options = {
        stdin: { contents: probes[name], resolveDir: project },
        bundle: true,
        minify: true,
        write: false,
        metafile: true,
        format: 'iife',
        globalName: 'probe',
        logLevel: 'silent'
      }
      // for a browser a built-in module of Node does not resolve, which fails the bundle
      const { outputFiles, metafile } = await build({ ...options, platform: 'browser' })
      const foreign = Object.keys(metafile.inputs).filter(path => /tensorflow|onnxruntime|\.node$|\.wasm$/.test(path))
      if (foreign.length > 0) problems.push(`${name}: its bundle holds ${foreign[0]}`)
      const bundle = join(folder, 'probe.mjs')
      writeFileSync(bundle, `${outputFiles[0].text}\nexport default probe.default`)
      const here = (await import(`${pathToFileURL(bundle).href}?${name}`)).default
      const page = await context.newPage()
      page.on('pageerror', error => problems.push(`${name}: ${error}`))
      await page.addScriptTag({
        content: outputFiles[0].text.replace(/^(["']use strict["'];)?var probe=/, '$1globalThis.probe=')
      })
      const there = await page.evaluate('globalThis.probe.default')
      const differences = here.map(
        (number, index) => Math.abs(number - there[index]) / Math.max(Math.abs(number), Number.MIN_VALUE)
      )
      const largest = Math.max(...differences)
      if (here.length === 0 || here.length !== there.length || !(largest <= tolerance))
        problems.push(`${name}: its ${here.length} numbers differ by ${largest} between Node and Chromium`)
      said.push(
        `${name} ${here.length} numbers, equal ${largest === 0 ? 'to the bit' : `within ${largest.toExponential(0)}`}, ${Math.round(outputFiles[0].contents.length / 1000)} kB with its dependencies`
      )
      await page.close()
    }
  } finally {
    await context.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { said: said.join('; '), problems }
}
