// Source pages: every file that the reference or a guide links, with numbered lines, and listings of linked folders.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root } from '../../setup/workspace.mjs'
import { pageOf } from './links.mjs'

const escape = text =>
  text.replace(/[&<>"]/g, character => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character])

const style = `body{margin:0;font:14px/1.5 ui-monospace,monospace}header{padding:.7rem 1rem;border-bottom:1px solid #8886}a{color:inherit}
pre{margin:0;padding:1rem 0;overflow-x:auto;counter-reset:line}.l{display:block;min-height:1.5em;padding-right:1rem;counter-increment:line}
.l::before{content:counter(line);display:inline-block;width:4rem;margin-right:1rem;text-align:right;opacity:.65}.l:target{background:#fc03}
ul{padding:1rem 2.5rem}:root{color-scheme:light dark}`

const page = (title, depth, body) =>
  `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escape(title)} | Skipwise</title><style>${style}</style></head><body><header><a href="${'../'.repeat(depth)}index.html">Skipwise</a> / ${escape(title)}</header>${body}</body></html>\n`

const fileBody = path => {
  const text = readFileSync(join(root, path), 'utf8').replace(/\n$/, '')
  return `<main><pre>${text
    .split('\n')
    .map((line, i) => `<span class="l" id="L${i + 1}">${escape(line)}</span>`)
    .join('')}</pre></main>`
}

/**
 * @param {string} site folder of the site
 * @param {Iterable<string>} paths files and folders of the repository, relative to its root
 */
export function writeSources(site, paths) {
  const queue = [...paths]
  const done = new Set()
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const target = pageOf(path)
    if (done.has(target) || !target.startsWith('sources/')) continue
    done.add(target)
    const depth = target.split('/').length - 1
    let body
    if (statSync(join(root, path)).isDirectory()) {
      const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', path], {
        cwd: root,
        encoding: 'utf8'
      })
        .trim()
        .split('\n')
        .filter(file => /\.(md|ts|mjs|json|ya?ml|py)$/.test(file))
      queue.push(...files)
      body = `<main><ul>${files.map(file => `<li><a href="${relative(dirname(target), pageOf(file))}">${escape(relative(path, file))}</a></li>`).join('')}</ul></main>`
    } else body = fileBody(path)
    mkdirSync(dirname(join(site, target)), { recursive: true })
    writeFileSync(join(site, target), page(path, depth, body))
  }
}
