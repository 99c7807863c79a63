// npm run docs: the site in docs/api. The reference of all packages and the guides by typedoc, where a warning is an
// error; source pages; the position explorer; and a look at every link of what was built.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Application, TypeDocReader } from 'typedoc'
import { fail, root, say } from '../../setup/workspace.mjs'
import { deadLinks } from './dead-links.mjs'
import { buildExplorer } from './explorer.mjs'
import { relativeLinks, siteLinks } from './links.mjs'
import { writeSources } from './sources.mjs'

const site = join(root, 'docs', 'api')

/** The guides, in the order in which they are read; what else lies in docs/ follows. */
const first = [
  'getting-started',
  'extend-your-model',
  'use-your-model',
  'schemes',
  'positions',
  'recipes',
  'training',
  'evaluation',
  'executors',
  'write-a-plugin',
  'footguns',
  'errors'
]
const all = readdirSync(join(root, 'docs'))
  .filter(name => name.endsWith('.md') && name !== 'api.md')
  .map(name => name.slice(0, -3))
const guides = [...first.filter(name => all.includes(name)), ...all.filter(name => !first.includes(name)).sort()]
const documents = new Set(guides.map(name => `docs/${name}.md`))

const sources = new Set()

/** Copies of the guides for typedoc: with a title, and with links out of docs/ that lead to pages of the site. */
const copies = join(root, 'node_modules', '.skipwise', 'guides')
rmSync(copies, { recursive: true, force: true })
cpSync(join(root, 'docs', 'images'), join(copies, 'images'), { recursive: true })
const slugs = new Map()
for (const name of [...guides, 'api']) {
  const { text, linked } = siteLinks(readFileSync(join(root, 'docs', `${name}.md`), 'utf8'), 'docs', documents)
  const title = /^# (.*)$/m.exec(text)?.[1] ?? name
  // the name that typedoc gives the page; the look at dead links would notice another
  slugs.set(name, title.replaceAll(/\W+/g, '_'))
  writeFileSync(
    join(copies, `${name}.md`),
    name === 'api' ? text.replace(/^# .*\n/, '') : `---\ntitle: ${JSON.stringify(title)}\n---\n\n${text}`
  )
  for (const path of linked) sources.add(path)
}

const basePath = root
const sourceLinkTemplate = 'source:{path}#L{line}'
const { packageOptions } = JSON.parse(readFileSync(join(root, 'tools/config/typedoc.json'), 'utf8'))
const shared = { disableSources: false, disableGit: true, basePath, displayBasePath: basePath, sourceLinkTemplate }
const app = await Application.bootstrapWithPlugins(
  {
    options: join(root, 'tools/config/typedoc.json'),
    ...shared,
    packageOptions: { ...packageOptions, ...shared },
    readme: join(copies, 'api.md'),
    projectDocuments: guides.map(name => join(copies, `${name}.md`)),
    sort: ['documents-last', 'source-order'],
    highlightLanguages: ['typescript', 'javascript', 'json', 'yaml', 'shellscript', 'python'],
    // made of each package alone: an interface that extends one of another package would link a line that is not there
    includeHierarchySummary: false,
    navigationLinks: { 'Position explorer': 'site:explorer/index.html', Packages: 'site:modules.html' },
    out: site
  },
  [new TypeDocReader()]
)
const project = await app.convert()
if (project === undefined) fail('docs: the packages do not compile')
app.validate(project)
if (app.logger.hasErrors() || app.logger.hasWarnings()) fail('docs: see the warnings above; each is an error')
rmSync(site, { recursive: true, force: true })
await app.generateOutputs(project)
if (app.logger.hasErrors() || app.logger.hasWarnings()) fail('docs: see the warnings above; each is an error')

await buildExplorer(join(site, 'explorer'))
const pages = readdirSync(site, { recursive: true })
  .map(String)
  .filter(name => name.endsWith('.html'))
for (const name of pages) {
  const file = join(site, name)
  const html = readFileSync(file, 'utf8')
  const linked = html
    // what tfjs and zod declare is not ours to show
    .replace(/<a href="source:[^"]*node_modules[^"]*"([^>]*)>(.*?)<\/a>/g, '<span$1>$2</span>')
    .replace(/href="source:([^"#]*)#L(\d+)"/g, (_, path, line) => {
      sources.add(path)
      return `href="site:sources/${path}.html#L${line}"`
    })
    // READMEs of packages link guides where they lie in the repository
    .replace(/href="[^"]*media\/([\w-]+)\.md(#[^"]*)?"/g, (whole, guide, fragment = '') =>
      guide === 'api'
        ? 'href="site:index.html"'
        : slugs.has(guide)
          ? `href="site:documents/${slugs.get(guide)}.html${fragment}"`
          : whole
    )
    .replaceAll('href="../"', 'href="../index.html"')
  writeFileSync(file, relativeLinks(linked, name))
}
mkdirSync(join(site, 'sources'), { recursive: true })
writeSources(site, sources)

const { pages: count, links, dead } = deadLinks(site)
for (const link of dead.slice(0, 50)) console.error(`✗ ${link}`)
if (dead.length > 0) fail(`docs: ${dead.length} of ${links} links lead nowhere`)
say(`docs: ${count} pages in docs/api, ${links} links, none dead; \`npm run docs:open\` shows them`)
