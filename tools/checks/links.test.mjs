// Markdown: links that lead somewhere, lines that fit.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { read, root } from './workspace.mjs'

const COLUMNS = 120
/** Licences of others, and a report that `skipwise report` wrote. */
const AS_IT_IS = /THIRD-PARTY\.md$|reports\/tiny-llama\/report\.md$/

const pages = execFileSync('git', ['ls-files', '--cached', '*.md'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter(page => existsSync(join(root, page)))

/** Lines of prose and code that are too long, with their numbers; a row of a table is one line. */
const longLines = text =>
  text
    .split('\n')
    .flatMap((line, index) =>
      [...line].length > COLUMNS && !line.startsWith('|') ? [`line ${index + 1}: ${[...line].length} columns`] : []
    )

test('every relative link in the Markdown files leads somewhere', () => {
  const broken = pages.flatMap(page => {
    const prose = read(page).replace(/^```.*?^```/gms, '')
    const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target.split('#')[0])
    const missing = targets.filter(
      target => target !== '' && !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(page), target))
    )
    return missing.map(target => `${page} → ${target}`)
  })
  expect(broken).toEqual([])
})

test('lines of prose and of code in the Markdown files fit', () => {
  const long = pages
    .filter(page => !AS_IT_IS.test(page))
    .flatMap(page => longLines(read(page)).map(line => `${page}, ${line}`))
  expect(long).toEqual([])
})

test('a line that does not fit is noticed, in prose and in code', () => {
  const wide = 'x'.repeat(COLUMNS + 1)
  expect(longLines(`short\n${wide}\n\`\`\`\n${wide}\n\`\`\`\n| ${wide} |\n`)).toEqual([
    'line 2: 121 columns',
    'line 4: 121 columns'
  ])
})
