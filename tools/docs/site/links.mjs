// Links of the Markdown guides that lead out of docs/: to packages, files and folders of the repository.
import { existsSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root } from '../../setup/workspace.mjs'

/** The scheme of links within the site, relative to its root, until the pages are written. */
export const SITE = 'site:'

const modulePage = name => `modules/${name === 'skipwise' ? name : `_skipwise_${name}`}.html`

/** Where the site shows a file or folder of the repository, relative to its root. */
export function pageOf(path) {
  const name = /^packages\/([^/]+)(\/README\.md)?$/.exec(path)?.[1]
  if (name !== undefined) return modulePage(name)
  return statSync(join(root, path)).isDirectory() ? `sources/${path}/index.html` : `sources/${path}.html`
}

/**
 * @param {string} text Markdown
 * @param {string} folder where it lies, relative to the root
 * @param {ReadonlySet<string>} documents what is a page of the site under its own name, relative to the root
 * @returns {{ text: string, linked: string[] }} the text with links into the site, and the paths that it links
 */
export function siteLinks(text, folder, documents) {
  const linked = []
  const rewritten = text.replace(/(?<!!)(\[[^\]]*\])\(([^)\s:#]+)(#[^)\s]*)?\)/g, (whole, label, target) => {
    const path = relative(root, join(root, folder, target))
    if (documents.has(path) || path.startsWith('..') || !existsSync(join(root, path))) return whole
    linked.push(path)
    return `${label}(${SITE}${pageOf(path)})`
  })
  return { text: rewritten, linked }
}

/** `site:` links in a page, made relative to it. */
export const relativeLinks = (html, page) =>
  html.replace(/href="site:([^"]*)"/g, (_, target) => `href="${relative(dirname(page), target)}"`)
