// The @example blocks of doc comments as modules that compile: fragments, so what they use of their own package and of what it may import is
// imported for them, and what they take as given is declared, by the types in `given`.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { packages, read, root } from './workspace.mjs'

const fromSource = (folder, name) => `typeof import('${join(root, 'packages', folder, 'src', 'index.js')}').${name}`

/** Names that a fragment may take as given, so that it shows one thing only. */
const given = {
  model: "import('@skipwise/core').LanguageModel",
  suite: "import('@skipwise/core').EvalSuite",
  results: "readonly import('@skipwise/core').EvalResult[]",
  tokenizer: "import('@skipwise/core').Tokenizer",
  geometry: "import('@skipwise/core').RopeGeometry",
  frequencies: "import('@skipwise/core').Interpolation['frequencies']",
  toHuggingFace: "import('@skipwise/core').Interpolation['toHuggingFace']",
  executor: "import('@skipwise/runtime').Executor",
  document: 'Int32Array',
  golden: 'Float64Array',
  text: 'string',
  poseConfig: 'Readonly<Record<string, unknown>>',
  measure: '(of: unknown, factors: readonly number[] | Float64Array) => Promise<number>',
  registry: fromSource('skipwise', 'defaultRegistry'),
  z: `typeof import('${join(root, 'packages/interpolation/node_modules/zod/index.js')}').z`
}

/** Plugins that the examples of packages below them speak of. */
const plugins = {
  '@skipwise/testing': { linear: 'interpolation', yarn: 'interpolation', pose: 'position-transforms', rotaryHalf: 'positional-encodings', llama: 'arch-llama', passkey: 'eval-retrieval', openOnnxExecutor: 'executor-onnx' },
  '@skipwise/tiny-llama': { loadTokenizerJson: 'tokenizers' }
}

/** Where else a name may come from, after the package itself. */
const others = ['@skipwise/core', '@skipwise/runtime', '@skipwise/nn', 'vitest', 'node:fs/promises']
const foreign = { vitest: ['expect', 'test'], 'node:fs/promises': ['readFile', 'writeFile'] }

/** Names that a package exports → how they are imported. */
const exportsOf = memo(name => {
  const file = packages.find(({ manifest }) => manifest.name === name)?.folder
  if (file === undefined) return new Map(foreign[name].map(each => [each, each]))
  const program = ts.createProgram([join(root, file, 'src', 'index.ts')], { moduleResolution: ts.ModuleResolutionKind.Bundler, module: ts.ModuleKind.ESNext, customConditions: ['@skipwise/source'], noLib: true, types: [] })
  const checker = program.getTypeChecker(), module = checker.getSymbolAtLocation(program.getSourceFile(join(root, file, 'src', 'index.ts')))
  const isValue = symbol => ((symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol).flags & ts.SymbolFlags.Value) !== 0
  return new Map(checker.getExportsOfModule(module).map(symbol => [symbol.name, isValue(symbol) ? symbol.name : `type ${symbol.name}`]))
})

function memo(compute) {
  const kept = new Map()
  return key => {
    if (!kept.has(key)) kept.set(key, compute(key))
    return kept.get(key)
  }
}

/** Identifiers of a fragment that are no member of something, and those that it declares. */
function namesOf(text) {
  const used = new Set(), declared = new Set()
  const visit = node => {
    if ((ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node) || ts.isFunctionDeclaration(node)) && ts.isIdentifier(node.name)) declared.add(node.name.text)
    if (ts.isImportSpecifier(node)) declared.add(node.name.text)
    const { parent } = node
    const member = parent && ((ts.isPropertyAccessExpression(parent) && parent.name === node) || (ts.isPropertyAssignment(parent) && parent.name === node) || (ts.isMethodDeclaration(parent) && parent.name === node))
    if (ts.isIdentifier(node) && !member) used.add(node.text)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('fragment.ts', text, ts.ScriptTarget.Latest, true))
  return { used, declared }
}

/** A fragment as a module: imports and declarations in one line before it, so that its lines keep their numbers. */
export function asModule(text, owner) {
  const { used, declared } = namesOf(text), sources = [owner, ...others.filter(name => name !== owner)]
  const prelude = [...used].filter(name => !declared.has(name)).map(name => {
    const plugin = plugins[owner]?.[name]
    if (plugin !== undefined) return `declare const ${name}: ${fromSource(plugin, name)}`
    const source = sources.find(each => exportsOf(each).has(name))
    if (source !== undefined) return `import { ${exportsOf(source).get(name)} } from '${source}'`
    return name in given ? `declare const ${name}: ${given[name]}` : ''
  })
  return `${prelude.filter(Boolean).join('; ')}; export {};\n${text}`
}

/** Every ```ts block below @example in the sources of the packages. */
export function docExamples() {
  return packages.flatMap(({ folder, manifest }) =>
    readdirSync(join(root, folder, 'src'), { recursive: true }).map(String).filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts')).flatMap(file =>
      [...read(`${folder}/src/${file}`).matchAll(/^ *\* @example\n *\* ```ts\n(.*?)^ *\* ```$/gms)].map(([, block], index) => ({
        name: `${folder}/src/${file}, @example ${index + 1}`,
        path: join(root, folder, 'src', `${file.replaceAll('/', '-')}-example-${index + 1}.ts`),
        text: asModule(block.replace(/^ *\* ?/gm, ''), manifest.name)
      }))
    )
  )
}
