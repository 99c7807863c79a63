// Links and assets of the built site that lead nowhere: files that are not there, fragments that no element has.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

const attribute = /\s(?:href|src)="([^"]*)"/g
const identifier = /\s(?:id|name)="([^"]*)"/g
const decode = text => decodeURIComponent(text.replaceAll('&amp;', '&').replaceAll('&#39;', "'"))

/**
 * @param {string} site folder of the site
 * @returns {{ pages: number, links: number, dead: string[] }} `page → target` of every link that leads nowhere
 */
export function deadLinks(site) {
  const pages = readdirSync(site, { recursive: true })
    .map(String)
    .filter(name => name.endsWith('.html'))
  const dead = []
  const kept = new Map()
  const identifiers = page => {
    if (!kept.has(page))
      kept.set(
        page,
        new Set([...readFileSync(join(site, page), 'utf8').matchAll(identifier)].map(([, id]) => decode(id)))
      )
    return kept.get(page)
  }
  let links = 0
  for (const page of pages) {
    const targets = new Set([...readFileSync(join(site, page), 'utf8').matchAll(attribute)].map(([, target]) => target))
    for (const target of targets) {
      if (/^(https?:|mailto:|data:|#?$)/.test(target)) continue
      links++
      if (/^[a-z]+:/.test(target)) {
        dead.push(`${page} → ${target}`)
        continue
      }
      const [path, fragment] = decode(target).split('#')
      const file = path === '' ? page : normalize(join(dirname(page), path.replace(/\?.*/, '')))
      const full = join(site, file)
      const there = existsSync(full) && statSync(full).isFile()
      if (!there || (fragment && file.endsWith('.html') && !identifiers(file).has(fragment)))
        dead.push(`${page} → ${target}`)
    }
  }
  return { pages: pages.length, links, dead }
}
