// The @example blocks of doc comments as modules that compile and run: fragments, so what they use of their own package
// and of what it may import is imported for them, and what they take as given comes from given.ts.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { packages, read, root } from './workspace.mjs'

/** What fragments may take as given, so that each shows one thing only. */
const given = join(root, 'tools', 'checks', 'given.js')

/** Where else a name may come from, after the package itself. */
const others = ['@skipwise/core', '@skipwise/runtime', '@skipwise/nn', 'vitest', 'node:fs/promises']
const foreign = { vitest: ['expect', 'test'], 'node:fs/promises': ['readFile', 'writeFile'] }

/** Names that a package exports → how they are imported. */
const exportsOf = memo(name => {
  if (name in foreign) return new Map(foreign[name].map(each => [each, each]))
  const file =
    name === given
      ? given.replace(/js$/, 'ts')
      : join(root, packages.find(({ manifest }) => manifest.name === name).folder, 'src', 'index.ts')
  const program = ts.createProgram([file], {
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    module: ts.ModuleKind.ESNext,
    customConditions: ['@skipwise/source'],
    noLib: true,
    types: []
  })
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(file))
  const isValue = symbol =>
    ((symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol).flags & ts.SymbolFlags.Value) !==
    0
  return new Map(
    checker
      .getExportsOfModule(module)
      .map(symbol => [symbol.name, isValue(symbol) ? symbol.name : `type ${symbol.name}`])
  )
})

function memo(compute) {
  const kept = new Map()
  return key => {
    if (!kept.has(key)) kept.set(key, compute(key))
    return kept.get(key)
  }
}

/** Identifiers of a fragment that are not a member of something, and those that it declares. */
function namesOf(text) {
  const used = new Set()
  const declared = new Set()
  const visit = node => {
    if (
      (ts.isVariableDeclaration(node) ||
        ts.isParameter(node) ||
        ts.isBindingElement(node) ||
        ts.isFunctionDeclaration(node)) &&
      ts.isIdentifier(node.name)
    )
      declared.add(node.name.text)
    if (ts.isImportSpecifier(node)) declared.add(node.name.text)
    const { parent } = node
    const member =
      parent &&
      ((ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        (ts.isPropertyAssignment(parent) && parent.name === node) ||
        (ts.isMethodDeclaration(parent) && parent.name === node))
    if (ts.isIdentifier(node) && !member) used.add(node.text)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('fragment.ts', text, ts.ScriptTarget.Latest, true))
  return { used, declared }
}

/** A fragment as a module: imports and declarations in one line before it, so that its lines keep their numbers. */
export function asModule(text, owner) {
  const { used, declared } = namesOf(text)
  const sources = [owner, given, ...others.filter(name => name !== owner)]
  const prelude = [...used]
    .filter(name => !declared.has(name))
    .map(name => {
      const source = sources.find(each => exportsOf(each).has(name))
      return source && `import { ${exportsOf(source).get(name)} } from '${source}'`
    })
  return `${prelude.filter(Boolean).join('; ')}; export {};\n${text}`
}

/** Every ```ts block below @example in the sources of the packages. */
export function docExamples() {
  return packages.flatMap(({ folder, manifest }) =>
    readdirSync(join(root, folder, 'src'), { recursive: true })
      .map(String)
      .filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .flatMap(file =>
        [...read(`${folder}/src/${file}`).matchAll(/^ *\* @example\n *\* ```ts\n(.*?)^ *\* ```$/gms)].map(
          ([, block], index) => ({
            name: `${folder}/src/${file}, @example ${index + 1}`,
            path: join(root, folder, 'src', `${file.replaceAll('/', '-')}-example-${index + 1}.ts`),
            text: asModule(block.replace(/^ *\* ?/gm, ''), manifest.name)
          })
        )
      )
  )
}
