// The guides, where everything is installed from tarballs as their readers have it: every line of a shell block is run,
// but those of the table `notRun`, on small models and texts (guide-settings.mjs); every `skipwise` command has a verb
// and options that there are, and every recipe is one that is read.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../setup/workspace.mjs'
import { inPlaceOf, notRun, prepare } from './guide-settings.mjs'
import { published } from './packages.mjs'

/** Code blocks of a Markdown text, in their order. A shell line that ends with a backslash goes on in the next one. */
export const blocksOf = text =>
  [...text.matchAll(/^```(\w+)\n(.*?)^```/gms)].map(([, language, code]) => ({
    language,
    code: language === 'sh' ? code.replaceAll(/ \\\n\s*/g, ' ') : code
  }))

/** The guide whose models the others take. */
const first = 'docs/extend-your-model.md'

const pages = () => {
  const others = readdirSync(join(root, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`)
    .filter(page => page !== first)
  return [first, 'README.md', ...others, ...published.map(({ folder }) => `${folder}/README.md`)]
}

/** Runs a line as a reader would, with small numbers in place of large ones. */
function runLine(line, cwd, bin) {
  const small = inPlaceOf.reduce((text, [shown, used]) => text.replaceAll(shown, used), line)
  execFileSync('bash', ['-o', 'pipefail', '-c', small], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` }
  })
}

/**
 * Runs the shell blocks of a page in a folder of its own, with the recipes that it shows.
 *
 * @param {string} page path of a Markdown file
 * @param {string} text what is in it
 * @param {string} project where all packages are installed
 * @returns {{ ran: number, problems: string[] }}
 */
export function runPage(page, text, project) {
  const linesOf = code =>
    code.split('\n').filter(line => line.trim() !== '' && !notRun.some(([pattern]) => pattern.test(line)))
  const blocks = blocksOf(text)
  const folderOf = name => join(project, 'pages', name.replace(/\W/g, '-'))
  const folder = folderOf(page)
  const bin = join(project, 'node_modules', '.bin')
  if (!blocks.some(({ language, code }) => language === 'sh' && linesOf(code).length > 0))
    return { ran: 0, problems: [] }
  mkdirSync(folder, { recursive: true })
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'))
  prepare(
    page,
    path => join(folder, path),
    folderOf(first),
    line => runLine(line, folder, bin)
  )
  let ran = 0
  for (const { language, code } of blocks) {
    const file = /^# (\S+\.ya?ml)\n/.exec(code)?.[1]
    if (language === 'yaml' && file !== undefined) writeFileSync(join(folder, file), code)
    for (const line of language === 'sh' ? linesOf(code) : []) {
      try {
        runLine(line, folder, bin)
        ran++
      } catch (error) {
        // the next lines may need this one
        return { ran, problems: [`${page}: \`${line}\` failed: ${error.stderr || error.message}`] }
      }
    }
  }
  return { ran, problems: [] }
}

/** `skipwise` commands of a text: verb and options. */
export const commandsOf = text =>
  blocksOf(text)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => code.split('\n'))
    .flatMap(line => {
      const match = /(?:^|\s)skipwise (?:-- )?([a-z]+)\b(.*)/.exec(
        line.replace(/\s#.*/, '').replace(/'[^']*'|"[^"]*"/g, 'TEXT')
      )
      return match && !line.includes('npm install')
        ? [{ line, verb: match[1], options: match[2].match(/(?<=\s)--[a-z][\w-]*/g) ?? [] }]
        : []
    })

/**
 * @param {string} project where all packages are installed by npm
 * @returns {Promise<{ said: string, problems: string[] }>}
 */
export async function checkGuides(project) {
  const problems = []
  const help = new Map()
  const helpOf = verb => {
    if (!help.has(verb)) {
      try {
        help.set(
          verb,
          execFileSync('npx', ['--no-install', 'skipwise', verb, '--help'], {
            cwd: project,
            encoding: 'utf8',
            stdio: ['ignore', 'pipe', 'pipe']
          })
        )
      } catch {
        help.set(verb, undefined)
      }
    }
    return help.get(verb)
  }
  const { parseRecipe } = await import(
    pathToFileURL(join(project, 'node_modules/@skipwise/experiment/dist/index.js')).href
  )
  let commands = 0
  let recipes = 0
  let ran = 0
  for (const page of pages()) {
    const text = readFileSync(join(root, page), 'utf8')
    for (const { line, verb, options } of commandsOf(text)) {
      commands++
      const known = helpOf(verb)
      if (known === undefined) problems.push(`${page}: there is no verb in \`${line.trim()}\``)
      else
        problems.push(
          ...options
            .filter(option => !new RegExp(`${option}\\b(?!-)`).test(known))
            .map(option => `${page}: there is no option ${option} in \`${line.trim()}\``)
        )
    }
    for (const { code } of blocksOf(text).filter(
      ({ language, code }) => language === 'yaml' && /^model:/m.test(code) && /^output:/m.test(code)
    )) {
      recipes++
      try {
        parseRecipe(code, page)
      } catch (error) {
        problems.push(`${page}: ${error.message}`)
      }
    }
    const done = runPage(page, text, project)
    ran += done.ran
    problems.push(...done.problems)
  }
  return { said: `${commands} commands and ${recipes} recipes read, ${ran} lines run`, problems }
}
