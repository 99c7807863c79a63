// The pictures in the READMEs of packages are what today's code draws, or copies of those in docs/. After a change:
//
//   npx vitest run pictures.test.mjs -u
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { linear, llama3, none, ntk, yarn, yarnRevised } from '@skipwise/interpolation'
import { contiguous, coverageChart, planCoverage, pose } from '@skipwise/position-transforms'
import { renderSvg } from '@skipwise/report'
import { root } from '../setup/workspace.mjs'

const WINDOW = { original: 2048, target: 16384 }
/** Points of a curve, and bytes of a picture: it is installed with its package. */
const POINTS = 20
const LARGEST = 31_000

const read = path => readFileSync(join(root, path), 'utf8')

/** A chart with about {@link POINTS} points a series, the last one and those at `corners` included. */
const thin = (chart, corners = []) => ({
  ...chart,
  series: chart.series.map(({ name, points }) => {
    const step = Math.ceil(points.length / POINTS)
    return { name, points: points.filter(([x], i) => i % step === 0 || i === points.length - 1 || corners.includes(x)) }
  })
})

function coverage() {
  const transforms = { contiguous: contiguous(), pose: pose(), 'pose, 3 chunks': pose({ chunks: 3 }) }
  const plans = Object.entries(transforms).map(([name, transform]) => ({
    name,
    plan: planCoverage(transform, { window: WINDOW, planned: 64_000, examples: 2000 })
  }))
  const { original, target } = WINDOW
  return thin(coverageChart(plans, WINDOW), [original - 1, original, target - original + 1])
}

function schemes() {
  const geometry = { rotaryDim: 128, base: 10_000, originalLength: WINDOW.original, targetLength: WINDOW.target }
  const frequencies = scheme => scheme.frequencies(geometry).inverseFrequencies
  const original = frequencies(none())
  const series = Object.entries({
    linear: linear(),
    ntk: ntk(),
    yarn: yarn(),
    'yarn-revised': yarnRevised(),
    llama3: llama3()
  }).map(([name, scheme]) => ({
    name,
    points: [...frequencies(scheme)].map((frequency, i) => [i, original[i] / frequency])
  }))
  return thin({
    id: 'schemes',
    title: 'What each scheme does to each frequency: 2,048 → 16,384 tokens (s = 8)',
    x: { label: 'index i of the frequency, fast to slow', scale: 'linear' },
    y: { label: 'θ / θ′: how much slower it rotates', scale: 'log' },
    series,
    description:
      'linear slows all frequencies down by 8, ntk by a power that grows with the index; yarn, yarn-revised and llama3 keep the fast ones and slow the slow ones down by 8.'
  })
}

/** The chart that the README of the report draws. */
const readmeChart = () =>
  runInNewContext(`(${/const chart = (\{[^]*?\n\}) as const/.exec(read('packages/report/README.md'))[1]})`)

test.each([
  ['position-transforms/images/coverage.svg', () => renderSvg(coverage())],
  ['interpolation/images/schemes.svg', () => renderSvg(schemes())],
  ['report/images/perplexity.svg', () => renderSvg(readmeChart())],
  ['eval-retrieval/images/passkey-depth.svg', () => read('docs/reports/tiny-llama/passkey-depth.svg')],
  ['eval-perplexity/images/perplexity.svg', () => read('docs/reports/tiny-llama/perplexity.svg')],
  ['training/images/memory.svg', () => read('docs/images/overhead-memory.svg')]
])('%s is current', async (picture, draw) => {
  const svg = await draw()
  expect(Buffer.byteLength(svg)).toBeLessThan(LARGEST)
  await expect(svg).toMatchFileSnapshot(join(root, 'packages', picture))
})
