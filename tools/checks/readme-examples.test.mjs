// The TypeScript examples of every README and of every doc comment compile against the real packages.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { docExamples } from './doc-examples.mjs'
import { packages, read, root } from './workspace.mjs'

/** README → the package that its modules lie in. */
const readmes = [
  ['README.md', 'packages/skipwise'],
  ...packages.map(({ folder }) => [`${folder}/README.md`, folder]).filter(([file]) => existsSync(join(root, file)))
]

/** The ```ts fences of the READMEs, each as a module. */
const examples = readmes.flatMap(([file, folder]) =>
  [...read(file).matchAll(/^```ts\n(.*?)^```/gms)].map(([, text], index) => ({
    name: `${file}, example ${index + 1}`,
    path: join(root, folder, 'src', `${file === 'README.md' ? 'root-' : ''}readme-example-${index + 1}.ts`),
    // a module even without imports, so that examples do not see each other
    text: `${text}\nexport {}\n`
  }))
)

/** What tsc says about examples, each with the name it was given. */
function compileErrors(modules) {
  const { config } = ts.readConfigFile(join(root, 'tools', 'config', 'tsconfig.base.json'), ts.sys.readFile)
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, join(root, 'packages', 'skipwise'))
  // an example puts packages together that its own does not depend on, not even in its tests
  const paths = Object.fromEntries(
    packages.map(({ folder, manifest }) => [manifest.name, [join(root, folder, 'src', 'index.ts')]])
  )
  const compiler = { ...options, noUnusedLocals: false, typeRoots: [join(root, 'node_modules', '@types')], paths }
  const texts = new Map(modules.map(({ path, text }) => [path, text]))
  const host = ts.createCompilerHost(compiler)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = path => texts.has(path) || fileExists(path)
  host.readFile = path => texts.get(path) ?? readFile(path)
  host.getSourceFile = (path, ...rest) =>
    texts.has(path) ? ts.createSourceFile(path, texts.get(path), rest[0], true) : getSourceFile(path, ...rest)
  const program = ts.createProgram([...texts.keys()], compiler, host)
  return modules.flatMap(({ name, path }) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(path)).map(({ file, start, messageText }) => {
      const { line } = file.getLineAndCharacterOfPosition(start)
      return `${name}, line ${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
    })
  )
}

test('README examples compile, and those of doc comments', () => {
  const documented = docExamples()
  expect(compileErrors([...examples, ...documented])).toEqual([])
  expect(Math.min(examples.length, documented.length)).toBeGreaterThan(10)
}, 240_000)

test('a README example that does not compile is noticed', () => {
  const path = join(root, 'packages', 'interpolation', 'src', 'bad-example.ts')
  const text = "import { noSuchExport } from '@skipwise/core'\nexport const value: number = 'text'\n"
  expect(compileErrors([{ name: 'canary', path, text }])).toEqual([
    expect.stringContaining('line 1: Module'),
    expect.stringContaining("line 2: Type 'string' is not assignable")
  ])
})
