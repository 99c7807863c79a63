// The table of the recipes that come with Skipwise, from their comments.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A row: the title of a recipe, and its lines about memory and work. */
function row(folder, file) {
  const comment = readFileSync(join(folder, file), 'utf8').split('\nmodel:')[0].replaceAll(/^# ?/gm, '')
  const [title] = comment.split('\n\n')
  const of = key => new RegExp(`^${key}: (.*)\\.$`, 'm').exec(comment)?.[1] ?? ''
  const memory = of('Memory').replace(', planned', '')
  const time = of('Work').split('by formula ').at(-1)
  return `| \`example:${file.replace('.yaml', '')}\` | ${title.replaceAll('\n', ' ').replace(/\.$/, '')} | ${memory} | ${time} |`
}

/** The table as Markdown. */
export function recipesTable(folder) {
  const files = readdirSync(folder).filter(file => file.endsWith('.yaml'))
  return `| recipe | what it does | memory, by strategy | training, by formula |\n|---|---|---|---|\n${files
    .sort()
    .map(file => row(folder, file))
    .join('\n')}\n`
}
