import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { read, root } from './workspace.mjs'

test('every relative link in the Markdown files leads somewhere', () => {
  const pages = execFileSync('git', ['ls-files', '--cached', '*.md'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
  const broken = pages
    .filter(page => existsSync(join(root, page)))
    .flatMap(page => {
      const prose = read(page).replace(/^```.*?^```/gms, '')
      const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target.split('#')[0])
      const missing = targets.filter(
        target => target !== '' && !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(page), target))
      )
      return missing.map(target => `${page} → ${target}`)
    })
  expect(broken).toEqual([])
})
