// The pictures of docs/schemes.md, from the built packages: node tools/docs/schemes-pictures.mjs
// Build first: npx nx run-many -t build -p @skipwise/interpolation @skipwise/report
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRegistry } from '../../packages/core/dist/index.js'
import { interpolationPlugins } from '../../packages/interpolation/dist/index.js'
import { renderSvg } from '../../packages/report/dist/index.js'

const images = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'docs', 'images')
const registry = createRegistry().register(...interpolationPlugins)
const geometry = { rotaryDim: 128, base: 10000, originalLength: 2048, targetLength: 16384 }
const scheme = name => registry.resolveUnknown('interpolation', { name })
const original = scheme('none').frequencies(geometry).inverseFrequencies

/** By how much a scheme stretches each wavelength. */
const stretch = name => ({
  name,
  points: Array.from(scheme(name).frequencies(geometry).inverseFrequencies, (frequency, i) => [
    i,
    original[i] / frequency
  ])
})
const index = { label: 'index i of the frequency, fast to slow', scale: 'linear' }
const factor = { label: 'θ / θ′: how much slower it turns', scale: 'log' }
const setting = 'R = 128, base 10,000, 2,048 → 16,384 tokens (s = 8)'

const lengths = Array.from({ length: 33 }, (_, k) => Math.round(1024 * 2 ** (k / 8)))
const last = (name, length) => original[63] / scheme(name).frequencies({ ...geometry, length }).inverseFrequencies[63]

const charts = {
  'schemes-yarn': {
    id: 'schemes-yarn',
    title: `Three formulas called YaRN: ${setting}`,
    x: index,
    y: factor,
    series: ['yarn', 'yarn-paper', 'yarn-revised'].map(stretch),
    rules: [
      { x: 16, label: 'ramp begins' },
      { x: 41, label: 'ramp ends' }
    ],
    description: 'On the ramp between index 16 and 41 yarn stretches least, yarn-revised most, up to 2.5 times as much.'
  },
  'schemes-static': {
    id: 'schemes-static',
    title: `What each scheme does to each frequency: ${setting}`,
    x: index,
    y: factor,
    series: ['linear', 'ntk', 'ntk-fixed', 'ntk-by-parts', 'yarn', 'llama3'].map(stretch),
    description:
      'linear stretches all by 8; ntk and ntk-fixed by a power that grows with the index; ntk-by-parts, yarn and llama3 leave the fast ones alone and stretch the slow ones by 8.'
  },
  'schemes-dynamic': {
    id: 'schemes-dynamic',
    title: 'The slowest frequency by the length of the sequence (L = 2,048, s = 8)',
    x: { label: 'length of the sequence in tokens', scale: 'log' },
    y: factor,
    series: ['linear', 'dynamic-linear', 'dynamic-ntk', 'dynamic-ntk-static', 'dynamic-yarn'].map(name => ({
      name,
      points: lengths.map(length => [length, last(name, length)])
    })),
    rules: [{ x: 2048, label: 'L' }],
    description:
      'Dynamic schemes change nothing up to the original window and then grow with the length; dynamic-ntk reaches 57 at 16,384 tokens. linear and dynamic-ntk-static are flat.'
  }
}
mkdirSync(images, { recursive: true })
for (const [name, chart] of Object.entries(charts)) writeFileSync(join(images, `${name}.svg`), await renderSvg(chart))
