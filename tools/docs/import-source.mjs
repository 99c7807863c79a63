// Imports a TypeScript file of a package that imports nothing itself, so that a tool can use it without a build.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { root } from '../setup/workspace.mjs'

/** The module of a source text. @param path named in an error */
export async function importText(text, path) {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
  })
  if (/^import\b/m.test(outputText)) throw new Error(`${path}: a tool reads this file, which imports nothing`)
  return import(`data:text/javascript,${encodeURIComponent(outputText)}`)
}

/** @param path relative to the root */
export const importSource = path => importText(readFileSync(join(root, path), 'utf8'), path)
