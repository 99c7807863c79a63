// The release, dry: in a copy of the tree changesets gives versions and changelogs, and everything is packed as it
// would be published. Then the packages as their users get them: looked into, installed into empty projects and used by
// their READMEs' examples. What only works inside the workspace (a source import, a file that is not packed, a missing
// dependency) fails here.
//
//   node tools/release/pack-check.mjs [--write-sizes]     the second sets every size budget to today's size and a half
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepare } from '../setup/prepare.mjs'
import { withScratchClone } from '../setup/scratch-clone.mjs'
import { fail, root, run, say } from '../setup/workspace.mjs'

await prepare({ build: false })
// these need what was just installed
const { buildAll, packAll, published } = await import('./packages.mjs')
const { versionClone } = await import('./version.mjs')
const { contentProblems } = await import('./contents.mjs')
const { foreignTypeProblems, installAlone, typeProblems } = await import('./alone.mjs')
const { runExamples } = await import('./examples.mjs')
const { measureSizes } = await import('./sizes.mjs')
const { checkBrowser } = await import('./browser.mjs')
const { checkThirdParty } = await import('./third-party.mjs')
const { checkClosedNetwork } = await import('./closed-network.mjs')
const { checkGuides } = await import('./guides.mjs')
const { checkPromises } = await import('./readme-promises.mjs')
const { checkTogether } = await import('./together.mjs')

const problems = []
const start = performance.now()
const done = what => say(`pack-check, ${((performance.now() - start) / 1000).toFixed(0)} s: ${what}`)

await buildAll()
const scratch = mkdtempSync(join(tmpdir(), 'skipwise-pack-'))
const folder = name => {
  mkdirSync(join(scratch, name))
  return join(scratch, name)
}
try {
  const tarballs = await withScratchClone(clone => {
    const { version, problems: wrong } = versionClone(clone)
    problems.push(...wrong)
    done(`${published.length} packages would be version ${version}, each with its changelog`)
    return packAll(folder('tarballs'), clone)
  })
  done(`${tarballs.size} packages packed`)

  for (const [name, file] of tarballs)
    problems.push(...(await contentProblems(file)).map(problem => `${name}: ${problem}`))
  done('publint and Are the types wrong? looked at each')

  const knip = await run(
    'node',
    [
      join(root, 'tools/release/node_modules/knip/bin/knip.js'),
      '--config',
      'tools/release/knip.json',
      '--no-progress',
      '--no-config-hints'
    ],
    { quiet: true }
  )
  if (knip.status !== 0) problems.push(`knip:\n${knip.output}`)
  done('knip compared dependencies, files and exports with what is used')

  const projects = installAlone(folder('alone'), tarballs)
  done(`each installed alone, in pnpm's strict layout`)
  problems.push(...typeProblems(projects), ...foreignTypeProblems(projects))
  const { count, problems: broken } = await runExamples(projects)
  problems.push(...broken)
  done(`${count} examples of READMEs compiled under strict and run`)

  const sizes = await measureSizes(
    projects.map(({ name, project }) => ({ name, project, tarball: tarballs.get(name) }))
  )
  problems.push(...sizes.problems)
  console.log(sizes.table)

  const browser = await checkBrowser(projects)
  problems.push(...browser.problems)
  done(`in Chromium: ${browser.said}`)

  done(`third-party plugins by the published suites: ${checkThirdParty(folder('third-party'), tarballs)}`)

  checkTogether(folder('together'), tarballs)
  done('all installed together by npm and imported')
  const promised = checkPromises(join(scratch, 'together'))
  problems.push(...promised.problems)
  done(`promises of README and getting-started: ${promised.said}`)
  const closed = checkClosedNetwork(folder('closed'), tarballs)
  problems.push(...closed.problems)
  done(`a closed network: ${closed.said}`)
  const guides = await checkGuides(join(scratch, 'together'))
  problems.push(...guides.problems)
  done(`guides: ${guides.said}`)
} finally {
  if (process.argv.includes('--keep')) say(`kept ${scratch}`)
  else rmSync(scratch, { recursive: true, force: true })
}
for (const problem of problems) console.log(`✗ ${problem}`)
if (problems.length > 0) fail(`pack-check: ${problems.length} problems`)
say(`pack-check: ${published.length} packages are what their users expect`)
