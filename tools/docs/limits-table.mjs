// The table of limits in docs/security.md. Every `limits.ts` of a package that exports `limits`, rows of
// { what, bound, then }, is a part of it. Such a file imports nothing, so that its numbers can be read without a build.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../setup/workspace.mjs'
import { importText } from './import-source.mjs'

/** Paths of the files with limits, relative to the root, in the order of their packages. */
export function limitFiles() {
  return readdirSync(join(root, 'packages'))
    .sort()
    .flatMap(folder => {
      const source = `packages/${folder}/src`
      const names = readdirSync(join(root, source), { recursive: true }).map(String).sort()
      return names.filter(name => /(^|[-/])limits\.ts$/.test(name)).map(name => `${source}/${name}`)
    })
    .filter(path => /^export const limits\b/m.test(readFileSync(join(root, path), 'utf8')))
}

/** The rows that a source text exports. */
export async function rowsOf(text, path) {
  const { limits } = await importText(text, path)
  for (const row of limits) {
    const isText = name => typeof row[name] === 'string' && row[name] !== ''
    if (!['what', 'bound', 'then'].every(isText))
      throw new Error(`${path}: not { what, bound, then }: ${JSON.stringify(row)}`)
  }
  return limits
}

/** The table as Markdown. */
export async function limitsTable() {
  const rows = []
  for (const path of limitFiles()) rows.push(...(await rowsOf(readFileSync(join(root, path), 'utf8'), path)))
  const cell = text => text.replaceAll('|', '\\|')
  const lines = rows.map(({ what, bound, then }) => `| ${cell(what)} | ${cell(bound)} | ${cell(then)} |\n`)
  return `| what | bound | what happens |\n|---|---|---|\n${lines.join('')}`
}
