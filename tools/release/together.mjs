// All packages in one project, installed by npm without install scripts, each imported; the commands answer.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { must, published } from './packages.mjs'

/** @param {string} project an empty folder @param {Map<string, string>} tarballs package name → tarball */
export function checkTogether(project, tarballs) {
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'pack-check', private: true, type: 'module' }))
  must(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs.values()],
    project
  )
  const entries = published.filter(({ manifest }) => manifest.exports?.['.'] !== undefined).map(({ name }) => name)
  const check = `for (const name of ${JSON.stringify(entries)}) {
  const names = Object.keys(await import(name))
  if (names.length === 0) { console.error(name + ' exports nothing'); process.exitCode = 1 }
}`
  writeFileSync(join(project, 'check.mjs'), check)
  must('node', ['check.mjs'], project)
  for (const { manifest } of published) {
    for (const name of Object.keys(manifest.bin ?? {}))
      must(join(project, 'node_modules', '.bin', name), ['--help'], project)
  }
}
