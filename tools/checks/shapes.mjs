// What is exported says the shape of its arrays: a function of typed arrays, tensors or values, and a field of one, has
// a doc comment that names dimensions ([B, T], R/2, N = B·T …) or lengths.
import { join } from 'node:path'
import ts from 'typescript'

/** Types that have a shape; bytes of files are not meant. */
const SHAPED = /\b(Float32Array|Float64Array|Int32Array|Tensor[1-6]?D?|NumericData|HostData)\b/
/** Dimensions in brackets or by their letters, a length, or the elements of a shape that is known by name. */
const SAYS = /\[[^\]]*\](?!\()|\b[Rr]ow-major\b|\b([Ll]engths?|[Ss]hapes?|[BTHKDRVN])\b/

const textOf = symbolOrNode =>
  ts
    .getJSDocCommentsAndTags(symbolOrNode)
    .map(node => node.getText())
    .join('\n')

/** Exported declarations of a package that say nothing of the shapes that they have: `name: type`. */
export function unshaped(program, entry) {
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry))
  const found = []
  const check = (name, signature, ...nodes) => {
    if (SHAPED.test(signature) && !SAYS.test(nodes.map(textOf).join('\n')))
      found.push(`${name}: ${signature.replace(/\s+/g, ' ').slice(0, 100)}`)
  }
  const signatureOf = node =>
    [...node.parameters.map(({ type }) => type?.getText() ?? ''), node.type?.getText() ?? returnOf(node)].join(' → ')
  const returnOf = node =>
    checker.typeToString(checker.getReturnTypeOfSignature(checker.getSignatureFromDeclaration(node)))
  for (const symbol of checker.getExportsOfModule(module)) {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    for (const node of target.declarations ?? []) {
      if (ts.isFunctionDeclaration(node)) check(symbol.name, signatureOf(node), node)
      else if (ts.isVariableDeclaration(node) && node.initializer && ts.isArrowFunction(node.initializer))
        check(symbol.name, signatureOf(node.initializer), node.parent.parent)
      else if (ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node)) {
        for (const member of node.members) {
          if (
            member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword) ||
            (member.name && ts.isPrivateIdentifier(member.name))
          )
            continue
          const name = `${symbol.name}.${member.name?.getText() ?? 'constructor'}`
          if (ts.isPropertySignature(member) || ts.isPropertyDeclaration(member))
            check(name, member.type?.getText() ?? '', member, node)
          else if (ts.isMethodSignature(member) || ts.isMethodDeclaration(member))
            check(name, signatureOf(member), member, node)
        }
      }
    }
  }
  return found
}

/** A program over the sources of packages. */
export function programOf(root, folders) {
  const { config } = ts.readConfigFile(join(root, 'tools', 'config', 'tsconfig.base.json'), ts.sys.readFile)
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, join(root, 'packages', 'skipwise'))
  return ts.createProgram(
    folders.map(folder => join(root, folder, 'src', 'index.ts')),
    options
  )
}
