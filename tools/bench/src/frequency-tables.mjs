// Seconds that the cos and sin tables of a million positions with 64 rotary dimensions take (32 frequencies, [1048576,
// 32] each), and the frequencies of every scheme. Build first: npx nx run-many -t
// build -p @skipwise/interpolation @skipwise/positional-encodings Then: node tools/bench/src/frequency-tables.mjs
// [positions] [rotary dimensions]
import { cpus } from 'node:os'
import { createRegistry } from '../../../packages/core/dist/index.js'
import { interpolationPlugins } from '../../../packages/interpolation/dist/index.js'
import { rotaryTables } from '../../../packages/positional-encodings/dist/index.js'

const positions = Number(process.argv[2] ?? 2 ** 20)
const rotaryDim = Number(process.argv[3] ?? 64)
if (!(Number.isInteger(positions) && positions > 0 && Number.isInteger(rotaryDim) && rotaryDim >= 2)) {
  process.stderr.write('usage: frequency-tables.mjs [positions, above 0] [rotary dimensions, even, at least 2]\n')
  process.exit(2)
}

const seconds = run => {
  const start = performance.now()
  run()
  return (performance.now() - start) / 1000
}
const geometry = { rotaryDim, base: 10000, originalLength: 2048, targetLength: 2 ** 20 }
const registry = createRegistry().register(...interpolationPlugins)
const factors = new Array(rotaryDim / 2).fill(1)
const schemes = interpolationPlugins.map(({ name }) => {
  const scheme = registry.resolveUnknown('interpolation', {
    name,
    config: name === 'longrope' ? { shortFactor: factors, longFactor: factors } : {}
  })
  const runs = 2000
  return {
    name,
    microsecondsPerTable:
      (1e6 *
        seconds(() => {
          for (let i = 0; i < runs; i++) scheme.frequencies(geometry)
        })) /
      runs
  }
})
const frequencies = registry.resolveUnknown('interpolation', { name: 'yarn' }).frequencies(geometry)
const positionIds = Int32Array.from({ length: positions }, (_, i) => i)
rotaryTables(positionIds.subarray(0, 4096), frequencies)
const tables = [1, 2, 3].map(() => seconds(() => rotaryTables(positionIds, frequencies)))
process.stdout.write(
  JSON.stringify(
    {
      benchmark: 'frequency-tables',
      positions,
      rotaryDim,
      node: process.version,
      cpu: cpus()[0]?.model ?? 'unknown',
      bestSeconds: Math.min(...tables),
      seconds: tables,
      schemes
    },
    null,
    2
  ) + '\n'
)
