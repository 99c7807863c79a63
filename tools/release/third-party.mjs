// The example plugins of docs/examples, as their authors would have them: copied to an empty folder, everything
// installed from tarballs, compiled by their own tsconfig.json and held to the published conformance suites by their
// own `npm test`.
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../setup/workspace.mjs'
import { installWorkspace, must } from './packages.mjs'

const examples = join(root, 'docs', 'examples')

/**
 * @param {string} folder an empty folder
 * @param {Map<string, string>} tarballs package name → tarball
 * @returns {string} what was done
 */
export function checkThirdParty(folder, tarballs) {
  const names = readdirSync(examples, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
  mkdirSync(join(folder, 'projects'))
  for (const name of names)
    cpSync(join(examples, name), join(folder, 'projects', name), {
      recursive: true,
      filter: path => !/node_modules|dist/.test(path.slice(examples.length))
    })
  installWorkspace(folder, tarballs)
  const counts = names.map(name => {
    const project = join(folder, 'projects', name)
    must('npm', ['run', '--silent', 'build'], project)
    must('npm', ['run', '--silent', 'test', '--', '--reporter=json', '--outputFile=results.json'], project)
    return `${name} ${JSON.parse(readFileSync(join(project, 'results.json'), 'utf8')).numPassedTests} tests`
  })
  return counts.join(', ')
}
