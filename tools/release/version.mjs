// The release as it would be, in a copy of the working tree: versions and changelogs by changesets, and what must hold
// for them.
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../setup/workspace.mjs'
import { must, packageManager, published } from './packages.mjs'

const readJson = (...path) => JSON.parse(readFileSync(join(...path), 'utf8'))

/** The changesets that wait: which packages each names, and its text. */
export function changesets(folder) {
  return readdirSync(join(folder, '.changeset'))
    .filter(name => name.endsWith('.md') && name !== 'README.md')
    .map(name => {
      const [, front, text] = /^---\n(.*?)^---\n(.*)$/ms.exec(
        readFileSync(join(folder, '.changeset', name), 'utf8')
      ) ?? [undefined, '', '']
      return {
        name,
        packages: [...front.matchAll(/^'([^']+)': (major|minor|patch)$/gm)].map(([, each]) => each),
        text: text.trim()
      }
    })
}

/** What is wrong with changesets, before anything is versioned. */
export function changesetProblems(waiting, names) {
  return waiting.flatMap(({ name, packages, text }) => [
    ...(packages.length === 0 || text === '' ? [`.changeset/${name}: names no package or says nothing`] : []),
    ...packages.filter(each => !names.includes(each)).map(each => `.changeset/${name}: there is no package ${each}`)
  ])
}

/**
 * Versions a copy of the tree, with what was built.
 *
 * @param {string} clone a copy of the working tree
 * @returns {{ version: string, problems: string[] }} the version that all packages have then
 */
export function versionClone(clone) {
  const waiting = changesets(clone)
  const problems = changesetProblems(
    waiting,
    published.map(({ name }) => name)
  )
  for (const { folder } of published)
    cpSync(join(root, folder, 'dist'), join(clone, folder, 'dist'), { recursive: true })
  must('npx', ['-y', packageManager, 'install', '--prefer-offline', '--frozen-lockfile', '--ignore-scripts'], clone, {
    CI: 'true'
  })
  must('node', [join(clone, 'node_modules', '@changesets', 'cli', 'bin.js'), 'version'], clone)

  const versions = new Map(published.map(({ name, folder }) => [name, readJson(clone, folder, 'package.json').version]))
  const [version] = versions.values()
  for (const [name, own] of versions)
    if (own !== version) problems.push(`${name} would be ${own}, the others ${version}: one group has one version`)
  if (waiting.length > 0 && version === published[0].manifest.version)
    problems.push('changesets wait, but no version would change')
  for (const { name } of changesets(clone)) problems.push(`.changeset/${name} was not used`)
  for (const { packages, text } of waiting) {
    for (const each of packages) {
      const folder = published.find(({ name }) => name === each)?.folder
      const file = folder && join(clone, folder, 'CHANGELOG.md')
      const changelog = file && existsSync(file) ? readFileSync(file, 'utf8') : ''
      // changesets indents what follows the first line
      if (folder && !changelog.includes(text.split('\n')[0]))
        problems.push(`${each}: its changelog does not say "${text.split('\n')[0]}"`)
    }
  }
  return { version, problems }
}
