// What the generator writes; that it lints, compiles and passes its tests is proven by check.mjs, which CI runs.
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing.js'
import { createRequire } from 'node:module'
import { beforeEach, expect, test } from 'vitest'

const require = createRequire(import.meta.url)
const generate = require('./plugin/generator.cjs')
const { properties } = require('./plugin/schema.json')
let tree
beforeEach(() => {
  tree = createTreeWithEmptyWorkspace()
  tree.write(
    'package.json',
    JSON.stringify({ engines: { node: '>=20.19' }, license: 'Apache-2.0', packageManager: 'pnpm@1.2.3' })
  )
  tree.write('tools/release/sizes.json', '{}')
})
const json = path => JSON.parse(tree.read(path, 'utf8'))

test.each(properties.kind.enum)(
  'a package of kind %s: tag, configuration, source, test, README, budget, changeset',
  async kind => {
    await generate(tree, { name: 'my-part', kind })
    const manifest = json('packages/my-part/package.json')
    expect(manifest).toMatchObject({
      name: '@skipwise/my-part',
      license: 'Apache-2.0',
      engines: { node: '>=20.19' },
      type: 'module'
    })
    expect(manifest.nx.tags).toEqual([kind === 'executor' ? 'layer:backend' : 'layer:plugin'])
    for (const file of ['tsconfig.json', 'tsup.config.ts', 'vitest.config.ts'])
      expect(tree.exists(`packages/my-part/${file}`), file).toBe(true)
    const [source, tests, readme] = ['src/index.ts', 'src/index.test.ts', 'README.md'].map(file =>
      tree.read(`packages/my-part/${file}`, 'utf8')
    )
    expect(source).toContain(`kind: '${kind}'`)
    expect(source).toContain("name: 'my-part'")
    expect(tests).toMatch(kind === 'tokenizer' ? /gives %j back/ : /describe[A-Z]\w+\(/)
    expect(readme).toContain('npm install @skipwise/my-part')
    for (const text of [source, tests, readme]) expect(text).not.toMatch(/<%|__/)
    // every import is declared
    const imported = [...`${source}${tests}`.matchAll(/from '(@skipwise\/[\w-]+)'/g)].map(([, name]) => name)
    for (const name of imported)
      expect({ ...manifest.dependencies, ...manifest.devDependencies }).toHaveProperty([name])
    expect(json('tools/release/sizes.json')).toEqual({ '@skipwise/my-part': 5 })
    expect(tree.read('.changeset/my-part.md', 'utf8')).toContain("'@skipwise/my-part': minor")
  }
)

test('an existing package is not written over', async () => {
  tree.write('packages/my-part/package.json', '{}')
  await expect(generate(tree, { name: 'my-part', kind: 'interpolation' })).rejects.toThrow('packages/my-part exists')
})

test.each(['My-Part', '../part', 'a--b', '-a', '9a'])('the name %s is refused by the schema', name => {
  expect(new RegExp(properties.name.pattern).test(name)).toBe(false)
})
