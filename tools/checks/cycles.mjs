// No import goes round in a circle, types included: a shared type lies in a file that imports neither of its users.
// eslint-plugin-import-x has this as `no-cycle`; it made linting 31 to 78 % slower, and this reads all files in 1 s.
import { readdirSync } from 'node:fs'
import { posix } from 'node:path'
import ts from 'typescript'
import { packages, read, root } from './workspace.mjs'

/** Sources of all packages without their tests: path → text. */
export const sources = () =>
  new Map(
    packages
      .flatMap(({ folder }) =>
        readdirSync(`${root}/${folder}/src`, { recursive: true, encoding: 'utf8' })
          .filter(name => name.endsWith('.ts') && !/\.(test|d)\.ts$/.test(name))
          .map(name => `${folder}/src/${name}`)
      )
      .map(file => [file, read(file)])
  )

/** Modules that a text names: by `import`, `import type`, `export … from`, `import()` and the type `import('…')`. */
const namedIn = text => ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)

/** Which file imports which. @param files path → text @param entries package name → its first file */
export function fileGraph(files, entries) {
  const target = (from, name) =>
    name.startsWith('.') ? posix.join(posix.dirname(from), name).replace(/\.js$/, '.ts') : entries.get(name)
  return new Map(
    [...files].map(([file, text]) => [
      file,
      namedIn(text)
        .map(name => target(file, name))
        .filter(name => files.has(name))
    ])
  )
}

/** The same between packages. */
export function packageGraph(files) {
  const packageOf = file => file.split('/src/')[0]
  const graph = new Map([...files.keys()].map(file => [packageOf(file), new Set()]))
  for (const [file, imported] of files)
    for (const other of imported)
      if (packageOf(other) !== packageOf(file)) graph.get(packageOf(file)).add(packageOf(other))
  return graph
}

/** Circles of a graph, `a → b → a`; where several share a way, at least one of them. */
export function cyclesIn(graph) {
  const found = []
  const done = new Set()
  const way = []
  const visit = node => {
    if (way.includes(node)) found.push([...way.slice(way.indexOf(node)), node].join(' → '))
    if (done.has(node)) return
    done.add(node)
    way.push(node)
    for (const next of graph.get(node) ?? []) visit(next)
    way.pop()
  }
  for (const node of graph.keys()) visit(node)
  return found
}
