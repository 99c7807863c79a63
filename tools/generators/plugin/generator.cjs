// Writes a package of a plugin: what every package has, and an implementation of its kind that works and passes its suite.
const { generateFiles, names, readJson, updateJson, writeJson } = require('@nx/devkit')
const { join } = require('node:path')

const tensors = { dependencies: ['core', 'nn', 'runtime'], tfjs: true }

/** kind → layer, workspace packages that its implementation and its test import, whether it computes with tensors. */
const kinds = {
  architecture: { layer: 'plugin', ...tensors },
  'eval-suite': { layer: 'plugin', dependencies: ['core'] },
  executor: { layer: 'backend', dependencies: ['core', 'executor-tfjs', 'runtime'], tfjs: true },
  interpolation: { layer: 'plugin', dependencies: ['core'] },
  'position-transform': { layer: 'plugin', dependencies: ['core'] },
  'positional-encoding': { layer: 'plugin', ...tensors },
  tokenizer: { layer: 'plugin', dependencies: ['core'], noSuite: true }
}

/** A size budget for a package that has just been born, in kB. */
const FIRST_BUDGET = 5

/** Formats the sources written so far: how long a line is depends on the name. */
async function formatSources(tree) {
  const prettier = await import('prettier')
  // as the sources of this repository, wherever the tree is
  const style = await prettier.resolveConfig(join(__dirname, 'source.ts'))
  for (const { path, content } of tree.listChanges()) {
    if (!path.endsWith('.ts')) continue
    tree.write(path, await prettier.format(content.toString(), { ...style, filepath: path }))
  }
}

/**
 * @param {import('@nx/devkit').Tree} tree
 * @param {{ name: string, kind: string }} options
 */
module.exports = async function plugin(tree, { name, kind }) {
  const folder = `packages/${name}`
  const { layer, dependencies, tfjs, noSuite } = kinds[kind]
  if (tree.exists(folder)) throw new Error(`${folder} exists: choose another name, or edit that package`)
  const { propertyName: camel, constantName: constant } = names(name)
  const substitutions = { name, camel, constant, kind, tfjs }
  generateFiles(tree, join(__dirname, 'files', 'common'), folder, substitutions)
  generateFiles(tree, join(__dirname, 'files', kind), folder, substitutions)

  const { engines, license } = readJson(tree, 'package.json')
  const workspace = list => Object.fromEntries(list.map(each => [`@skipwise/${each}`, 'workspace:*']))
  writeJson(tree, `${folder}/package.json`, {
    name: `@skipwise/${name}`,
    version: '0.0.0',
    description: `The ${kind} ${name}.`,
    license,
    type: 'module',
    engines,
    sideEffects: false,
    exports: { '.': { '@skipwise/source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
    files: ['dist', 'src', '!src/**/*.test.ts'],
    scripts: { prepack: 'node ../../tools/release/prepack.mjs' },
    dependencies: { ...workspace(dependencies), zod: 'catalog:' },
    ...(tfjs && { peerDependencies: { '@tensorflow/tfjs': '4.22.0' } }),
    devDependencies: { ...workspace(noSuite ? ['config'] : ['config', 'testing']), ...(tfjs && { '@tensorflow/tfjs': 'catalog:' }) },
    nx: { tags: [`layer:${layer}`], targets: { build: {}, typecheck: {}, lint: {}, test: {} } }
  })
  await formatSources(tree)
  if (tree.exists('tools/release/sizes.json')) updateJson(tree, 'tools/release/sizes.json', sizes => ({ ...sizes, [`@skipwise/${name}`]: FIRST_BUDGET }))
  tree.write(`.changeset/${name}.md`, `---\n'@skipwise/${name}': minor\n---\n\nThe ${kind} ${name}.\n`)
  return () => console.log(`Now: npx -y ${readJson(tree, 'package.json').packageManager} install\nand add ${camel} to packages/skipwise/src/registry.ts, its package to the dependencies there and to the table in README.md.`)
}
