// Training tokens per second and core that each position transform makes, example by example, for 2,048 → 16,384
// tokens; and the time that planning the coverage of 2,048 → 1,048,576 takes.
// Build first: npx nx run @skipwise/position-transforms:build. Then: node tools/bench/src/positions.mjs [seconds per
// transform]
import { createRegistry } from '@skipwise/core'
import { planCoverage, positionTransformPlugins } from '@skipwise/position-transforms'
import { cpus } from 'node:os'

const seconds = Number(process.argv[2] ?? 2)
if (!(seconds > 0)) {
  process.stderr.write('usage: positions.mjs [seconds per transform, above 0]\n')
  process.exit(2)
}

const window = { original: 2048, target: 16384 }
const document = Int32Array.from({ length: 2 * window.target }, (_, place) =>
  place % 20 === 0 ? 13 : 100 + (place % 32000)
)
const registry = createRegistry().register(...positionTransformPlugins)
const references = [
  ...[
    'contiguous',
    'full-length',
    'randpos',
    'cream',
    'longrecipe',
    'pose-repo',
    'pose-v1',
    'axolotl',
    'paddlenlp'
  ].map(name => ({ name })),
  ...[2, 3, 64].flatMap(chunks =>
    ['sampled', 'contiguous', 'aligned'].map(content => ({ name: 'pose', config: { chunks, content } }))
  )
]

/** Makes examples for `duration` milliseconds; the sum keeps the work from being optimised away. */
function measure(transform, duration) {
  const start = performance.now()
  let examples = 0
  let sum = 0
  let elapsed = 0
  while (elapsed < duration) {
    for (let i = 0; i < 100; i++)
      sum += transform.example(document, window, { seed: 0, epoch: 0, index: examples++ }).positionIds.at(-1)
    elapsed = performance.now() - start
  }
  return {
    tokensPerSecond: Math.round((examples * (transform.exampleLength?.(window) ?? window.original) * 1000) / elapsed),
    examples,
    meanLastPosition: sum / examples
  }
}

const results = references.map(reference => {
  const transform = registry.resolveUnknown('position-transform', reference)
  measure(transform, 200)
  return { ...reference, ...measure(transform, seconds * 1000) }
})
const far = { original: 2048, target: 2 ** 20 }
const planning = ['pose', 'randpos', { pose: { chunks: 3 } }].map(reference => {
  const [name, config] = typeof reference === 'string' ? [reference, {}] : Object.entries(reference)[0]
  const start = performance.now()
  const { examples } = planCoverage(registry.resolveUnknown('position-transform', { name, config }), {
    window: far,
    planned: 64000
  })
  return {
    name,
    config,
    window: far,
    examples: examples ?? 'exact',
    milliseconds: Math.round(performance.now() - start)
  }
})
process.stdout.write(
  JSON.stringify(
    {
      benchmark: 'positions',
      window,
      documentTokens: document.length,
      node: process.version,
      cpu: cpus()[0]?.model ?? 'unknown',
      results,
      planning
    },
    null,
    2
  ) + '\n'
)
