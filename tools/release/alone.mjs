// Every package alone: a project for each, with only what the README says to install, in pnpm's strict layout, where a
// package finds what it declares and nothing else. There the README's examples compile and run.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { root } from '../setup/workspace.mjs'
import { examplesOf, installedBy, installWorkspace, neverInstalled, published, rootReadme } from './packages.mjs'

/**
 * Installs every package from its tarball into a project of its own.
 *
 * @param {string} folder an empty folder
 * @param {Map<string, string>} tarballs package name → tarball
 * @returns {{ name: string, project: string, examples: string[], readme: string }[]}
 */
export function installAlone(folder, tarballs) {
  const projects = published.map(({ name, readme }) => {
    const project = join(folder, 'projects', name.replace(/.*\//, ''))
    mkdirSync(project, { recursive: true })
    const dependencies = Object.fromEntries(
      Object.entries(installedBy(readme)).filter(([other]) => !neverInstalled.includes(other))
    )
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({ name: `alone-${name.replace(/.*\//, '')}`, private: true, type: 'module', dependencies })
    )
    if (name !== 'skipwise') return { name, project, readme, examples: examplesOf(readme) }
    giveModel(project)
    return { name, project, readme, examples: [...examplesOf(readme), ...examplesOf(rootReadme)] }
  })
  installWorkspace(folder, tarballs)
  return projects
}

/** What the programs of skipwise extend: tiny-llama, by two steps. */
function giveModel(project) {
  const tinyLlama = join(root, 'packages', 'tiny-llama')
  cpSync(join(tinyLlama, 'model'), join(project, 'base'), { recursive: true })
  cpSync(join(tinyLlama, 'data', 'held-out.jsonl'), join(project, 'text.jsonl'))
  const recipe = output => `model: base
window: { original: 256, target: 4096 }
data: { files: [text.jsonl] }
train: { steps: 2, batch: 2, learningRate: 1e-3 }
output: ${output}
`
  for (const name of ['recipe', 'extend']) writeFileSync(join(project, `${name}.yaml`), recipe(`from-${name}`))
}

const options = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  strict: true,
  types: ['node'],
  typeRoots: [join(root, 'node_modules', '@types')]
}

/**
 * Writes the examples next to what they import and compiles them under `strict`, with the declarations of our packages
 * that they reach.
 *
 * @returns {string[]} what the compiler says, one line each
 */
export function typeProblems(projects) {
  const files = projects.flatMap(({ project, examples }) =>
    examples.map((text, index) => {
      const file = join(project, `example-${index + 1}.ts`)
      writeFileSync(file, text)
      return file
    })
  )
  const program = ts.createProgram(files, options)
  const ours = program
    .getSourceFiles()
    .filter(
      ({ fileName }) => files.includes(fileName) || /node_modules\/(@skipwise\/[^/]+|skipwise)\/dist\//.test(fileName)
    )
  return ours.flatMap(file =>
    [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ start, messageText }) => {
        const { line } = file.getLineAndCharacterOfPosition(start ?? 0)
        return `${file.fileName.replace(/.*\/projects\//, '')}, line ${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
      }
    )
  )
}

/**
 * Packages of others whose declarations have errors of their own: with them a user needs `skipLibCheck: true`, as
 * getting-started says.
 */
const UNCLEAN = ['@webgpu/types', '@tensorflow/tfjs-core', '@tensorflow/tfjs-layers']

/**
 * Compiles what {@link typeProblems} wrote as a user with `skipLibCheck: false` does: the declarations of others that
 * ours lead to are read too.
 */
export function foreignTypeProblems(projects) {
  const files = projects.flatMap(({ project, examples }) =>
    examples.map((_, index) => join(project, `example-${index + 1}.ts`))
  )
  const program = ts.createProgram(files, { ...options, lib: [...options.lib, 'lib.dom.d.ts'] })
  const packageOf = fileName => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(fileName)?.[1] ?? ''
  const isForeign = name =>
    name !== '' && name !== 'typescript' && name !== 'skipwise' && !name.startsWith('@skipwise/')
  const unclean = new Map()
  for (const file of program.getSourceFiles()) {
    const name = packageOf(file.fileName)
    if (!isForeign(name) || unclean.has(name)) continue
    const [first] = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
    if (first)
      unclean.set(
        name,
        `${file.fileName.replace(/.*\/node_modules\//, '')}: ${ts.flattenDiagnosticMessageText(first.messageText, ' ')}`
      )
  }
  const found = [...unclean]
    .filter(([name]) => !UNCLEAN.includes(name))
    .map(([name, what]) => `skipLibCheck: false fails in ${name}: ${what}`)
  const clean = UNCLEAN.filter(name => !unclean.has(name)).map(
    name => `${name} compiles with skipLibCheck: false by now: say so in docs/getting-started.md`
  )
  return [...found, ...clean]
}

/** An example as a module that Node runs. */
export const asJavaScript = text =>
  ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true }
  }).outputText
