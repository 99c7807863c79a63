// The guides, where everything is installed from tarballs as their readers have it: the commands of a guide that is worked through are run in
// their order, with the files that it shows; of the others every `skipwise` command has a verb and options that there are, and every recipe
// is one that is read.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../setup/workspace.mjs'
import { published } from './packages.mjs'

/** Guides that a reader works through from an empty folder. */
const worked = ['extend-your-model.md']

/** Lines that make the folder and install into it: done already, from tarballs. */
const isSetUp = line => /^(mkdir |npm init|npm install )/.test(line)

/** Code blocks of a Markdown text, in their order. */
export const blocksOf = text => [...text.matchAll(/^```(\w+)\n(.*?)^```/gms)].map(([, language, code]) => ({ language, code }))

function workThrough(name, project) {
  for (const { language, code } of blocksOf(readFileSync(join(root, 'docs', name), 'utf8'))) {
    const file = /^# (\S+\.ya?ml)\n/.exec(code)?.[1]
    if (language === 'yaml' && file !== undefined) writeFileSync(join(project, file), code)
    if (language !== 'sh') continue
    for (const line of code.split('\n').filter(each => each.trim() !== '' && !isSetUp(each))) {
      try {
        execFileSync('bash', ['-o', 'pipefail', '-c', line], { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 })
      } catch (error) {
        return [`docs/${name}: \`${line}\` failed: ${error.stderr || error.message}`]
      }
    }
  }
  return []
}

/** `skipwise` commands of a text: verb and options. */
export const commandsOf = text =>
  blocksOf(text).filter(({ language }) => language === 'sh').flatMap(({ code }) => code.split('\n')).flatMap(line => {
    const match = /(?:^|\s)skipwise (?:-- )?([a-z]+)\b(.*)/.exec(line.replace(/\s#.*/, '').replace(/'[^']*'|"[^"]*"/g, 'TEXT'))
    return match && !line.includes('npm install') ? [{ line, verb: match[1], options: match[2].match(/(?<=\s)--[a-z][\w-]*/g) ?? [] }] : []
  })

/**
 * @param {string} project where all packages are installed by npm
 * @returns {Promise<{ said: string, problems: string[] }>}
 */
export async function checkGuides(project) {
  const problems = [], help = new Map()
  const helpOf = verb => {
    if (!help.has(verb)) {
      try {
        help.set(verb, execFileSync('npx', ['--no-install', 'skipwise', verb, '--help'], { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }))
      } catch {
        help.set(verb, undefined)
      }
    }
    return help.get(verb)
  }
  const { parseRecipe } = await import(pathToFileURL(join(project, 'node_modules/@skipwise/experiment/dist/index.js')).href)
  const pages = ['README.md', ...readdirSync(join(root, 'docs')).filter(name => name.endsWith('.md')).map(name => `docs/${name}`), ...published.map(({ folder }) => `${folder}/README.md`)]
  let commands = 0, recipes = 0
  for (const page of pages) {
    const text = readFileSync(join(root, page), 'utf8')
    for (const { line, verb, options } of commandsOf(text)) {
      commands++
      const known = helpOf(verb)
      if (known === undefined) problems.push(`${page}: there is no verb in \`${line.trim()}\``)
      else problems.push(...options.filter(option => !new RegExp(`${option}\\b(?!-)`).test(known)).map(option => `${page}: there is no option ${option} in \`${line.trim()}\``))
    }
    for (const { code } of blocksOf(text).filter(({ language, code }) => language === 'yaml' && /^model:/m.test(code) && /^output:/m.test(code))) {
      recipes++
      try {
        parseRecipe(code, page)
      } catch (error) {
        problems.push(`${page}: ${error.message}`)
      }
    }
  }
  for (const name of worked) problems.push(...workThrough(name, project))
  return { said: `${commands} commands and ${recipes} recipes read, ${worked.join(', ')} worked through`, problems }
}
