// Every export with typed arrays or tensors says their shapes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { programOf, unshaped } from './shapes.mjs'
import { packages, root } from './workspace.mjs'

test('exports say the shapes of their arrays and tensors', () => {
  const program = programOf(
    root,
    packages.map(({ folder }) => folder)
  )
  expect(
    packages.flatMap(({ folder }) =>
      unshaped(program, join(root, folder, 'src', 'index.ts')).map(found => `${folder}: ${found}`)
    )
  ).toEqual([])
}, 120_000)

test('one that does not is noticed', () => {
  const folder = mkdtempSync(join(root, 'tools', 'checks', 'fixtures', 'shapes-'))
  try {
    writeFileSync(
      join(folder, 'index.ts'),
      `/** The sum of numbers. */
export const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0)
/** Scales. @param values [N] */
export function scale(values: Float32Array, by: number) { return values.map(value => value * by) }
/** Nothing with arrays. */
export const half = (value: number) => value / 2
/** A layer. */
export interface Layer {
  readonly weights: Float32Array
  /** [V] */
  readonly bias: Float32Array
  read(): Promise<Int32Array>
  readonly name: string
}
/** Makes zeros. */
export function zeros(count: number) { return new Float32Array(count) }
`
    )
    const program = ts.createProgram([join(folder, 'index.ts')], {
      target: ts.ScriptTarget.ES2022,
      strict: true,
      types: []
    })
    expect(
      unshaped(program, join(folder, 'index.ts'))
        .map(found => found.replace(/:.*/, ''))
        .sort()
    ).toEqual(['Layer.read', 'Layer.weights', 'sum', 'zeros'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
