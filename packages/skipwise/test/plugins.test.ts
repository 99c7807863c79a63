import { afterAll, expect, test } from 'vitest'
import { Workspace } from './workspace.js'

const workspace = new Workspace()
afterAll(() => workspace.remove())

test('skipwise plugins: what is registered, options and defaults, as table and JSON, with plugins of skipwise.config.mjs', async () => {
  const third = `{ kind: 'interpolation', name: 'vendor/half', summary: 'halves', create: () => ({}), config: { '~standard': { version: 1, vendor: 'x', validate: () => ({ value: { factor: 2 } }) } } }`
  workspace.write(
    'skipwise.config.mjs',
    `import { definePlugin } from '@skipwise/core'\nexport default { plugins: [definePlugin(${third})] }`
  )
  const [table, json] = [await workspace.run(['plugins']), await workspace.run(['plugins', '--json'])]
  expect([table.code, json.code]).toEqual([0, 0])
  const list = JSON.parse(json.stdout) as {
    kind: string
    name: string
    options: { name: string; default?: unknown; type?: string }[]
  }[]
  expect(list.find(({ name }) => name === 'pose')?.options).toContainEqual(
    expect.objectContaining({ name: 'chunks', type: 'integer ≥ 1', required: false, default: 2 })
  )
  expect(list.find(({ name }) => name === 'vendor/half')?.options).toEqual([
    { name: 'factor', required: false, default: 2 }
  ])
  expect(table.stdout).toMatch(/^position-transform\n[^]*^ {2}pose +PoSE: .*\n +chunks = 2 +integer ≥ 1: N: /m)
  for (const { name, options } of list)
    for (const option of [name, ...options.map(each => each.name)]) expect(table.stdout).toContain(option)
})
