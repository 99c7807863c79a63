import { expect, test } from 'vitest'
import { cyclesIn, fileGraph, packageGraph, sources } from './cycles.mjs'
import { packages } from './workspace.mjs'

const entries = new Map(packages.map(({ folder, manifest }) => [manifest.name, `${folder}/src/index.ts`]))

test('no import goes round in a circle, in a package or between packages', () => {
  const files = fileGraph(sources(), entries)
  expect(cyclesIn(files)).toEqual([])
  expect(cyclesIn(packageGraph(files))).toEqual([])
  expect([...files.values()].flat().length).toBeGreaterThan(1000)
})
