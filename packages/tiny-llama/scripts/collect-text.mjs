// Text for training and evaluation: the Markdown and TypeScript declaration files of pinned dependencies, which every
// clone has after installing. Usage: node scripts/collect-text.mjs [--update]
//   without --update: reads the files that corpus.json lists and checks that they give its digest
//   with --update: chooses files anew (after a dependency changed) and writes corpus.json; the tokenizer and the model
//   are then out of date
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { at, isMain, say, workspaceRoot, writeJsonLines, writeText } from './paths.mjs'

const store = join(workspaceRoot, 'node_modules', '.pnpm')
const licences = /^\(?(MIT|Apache-2\.0|BSD-[23]-Clause|0?BSD|ISC)( (AND|OR) [\w.-]+)?\)?$/
/** Lists of names, dates and hashes, and texts that every package repeats. */
const notText =
  /(^|\/)(licen[cs]e|notice|third.?party|copying|changelog|history|authors|contributors|security|code.of.conduct)[^/]*$/i

const minCharacters = 1_500
const maxCharacters = 300_000
const heldOutRule = { seed: 'tiny-llama 1', documents: 12, minCharacters: 22_000, maxCharacters: 42_000 }

const sha256 = text => createHash('sha256').update(text).digest('hex')
const byCodeUnit = (a, b) => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Every package of the store once: name@version → its folder and package.json. The same on every machine of one
 * platform.
 */
function installedPackages() {
  const found = new Map()
  for (const entry of readdirSync(store).sort(byCodeUnit)) {
    const modules = join(store, entry, 'node_modules')
    if (!existsSync(modules)) continue
    const names = readdirSync(modules).flatMap(name =>
      name.startsWith('@') ? readdirSync(join(modules, name)).map(rest => `${name}/${rest}`) : [name]
    )
    for (const name of names) {
      const folder = join(modules, name)
      // links are other packages
      if (!lstatSync(folder).isDirectory() || !existsSync(join(folder, 'package.json'))) continue
      const { version, license, os, cpu } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      const id = `${name}@${version}`
      if (!found.has(id)) found.set(id, { name, version, license, folder, portable: !os && !cpu })
    }
  }
  return found
}

const numbers = version => version.split(/[.+-]/).map(Number)
function isNewer(a, b) {
  const left = numbers(a)
  const right = numbers(b)
  const i = left.findIndex((value, i) => value !== right[i])
  return i >= 0 && left[i] > right[i]
}

/** One version of each package: two would repeat each other. */
function choosePackages() {
  const newest = new Map()
  for (const entry of installedPackages().values()) {
    if (!entry.portable || !licences.test(String(entry.license))) continue
    const other = newest.get(entry.name)
    if (!other || isNewer(entry.version, other.version)) newest.set(entry.name, entry)
  }
  return [...newest.values()].sort((a, b) => byCodeUnit(`${a.name}@${a.version}`, `${b.name}@${b.version}`))
}

function textFiles(folder, below = '') {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap(entry => {
    const path = below ? `${below}/${entry.name}` : entry.name
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : textFiles(folder, path)
    return entry.isFile() && /\.(md|d\.ts)$/i.test(path) && !notText.test(path) ? [path] : []
  })
}

/**
 * The text of a file as it is learnt: no byte order mark, LF, no licence comment at its head, at most `maxCharacters`,
 * whole lines.
 */
export function cleanText(raw) {
  const text =
    raw
      .replace(/^\uFEFF/, '')
      .replace(/\r\n?/g, '\n')
      .replace(/^\/\*\*?\s*\*? ?@license[\s\S]*?\*\/\s*/i, '')
      .trimEnd() + '\n'
  return text.length <= maxCharacters ? text : text.slice(0, text.lastIndexOf('\n', maxCharacters - 1) + 1)
}

/** Whether a text reads like one: long enough, mostly ASCII, lines that people write. */
export function isUseful(text) {
  if (text.length < minCharacters) return false
  const lines = text.split('\n')
  const longest = lines.reduce((length, line) => Math.max(length, line.length), 0)
  return (
    longest <= 4_000 &&
    text.length / lines.length <= 160 &&
    text.replace(/[\x00-\x7f]/g, '').length <= 0.01 * text.length
  )
}

function chooseFiles() {
  const seen = new Set()
  return choosePackages().flatMap(({ name, version, license, folder }) => {
    const files = textFiles(folder)
      .sort(byCodeUnit)
      .filter(path => {
        const text = cleanText(readFileSync(join(folder, path), 'utf8'))
        const digest = sha256(text)
        return isUseful(text) && !seen.has(digest) && seen.add(digest)
      })
    return files.length ? [{ package: `${name}@${version}`, license, files }] : []
  })
}

/** Whole long documents, at most one of a package, the first by the hash of seed and path. */
function chooseHeldOut(documents) {
  const { seed, documents: count, minCharacters, maxCharacters } = heldOutRule
  const packages = new Set()
  return documents
    .filter(({ text }) => text.length >= minCharacters && text.length <= maxCharacters)
    .sort((a, b) => byCodeUnit(sha256(`${seed}\n${a.source}`), sha256(`${seed}\n${b.source}`)))
    .filter(({ package: id }) => !packages.has(id) && packages.add(id))
    .slice(0, count)
    .map(({ source }) => source)
    .sort(byCodeUnit)
}

function readDocuments(packages) {
  const installed = installedPackages()
  return packages.flatMap(({ package: id, license, files }) => {
    const found = installed.get(id)
    if (!found)
      throw new Error(
        `${id} is not installed: run npm run setup, or collect-text.mjs --update when the lockfile has another version`
      )
    return files.map(path => ({
      text: cleanText(readFileSync(join(found.folder, path), 'utf8')),
      source: `${id}/${path}`,
      package: id,
      license
    }))
  })
}

/** The licence texts of the packages whose documents lie in this repository. */
function licenceTexts(records) {
  const installed = installedPackages()
  const texts = records.map(({ source, license }) => {
    const id = /^@?[^@]+@[^/]+/.exec(source)[0]
    const { folder } = installed.get(id)
    const name = readdirSync(folder)
      .sort(byCodeUnit)
      .find(name => /^(licen[cs]e|copying)/i.test(name))
    if (!name && license !== 'Apache-2.0') throw new Error(`${id} carries no licence file`)
    const text = name
      ? readFileSync(join(folder, name), 'utf8').replace(/\r\n?/g, '\n').trim()
      : 'The package carries no licence file; its licence is that of LICENSE at the top of this repository.'
    return `${'='.repeat(100)}\n${id} (${license})\n\n${text}\n`
  })
  return texts.join('\n')
}

/** @typedef {{ text: string, source: string, license: string }} TextRecord */
const recordsOf = documents => documents.map(({ text, source, license }) => ({ text, source, license }))
const charactersOf = documents => documents.reduce((sum, { text }) => sum + text.length, 0)

/**
 * Reads the corpus: the files of corpus.json, or files chosen anew.
 *
 * @param {{ update?: boolean }} [options]
 * @returns {{ packages: object[], training: TextRecord[], heldOut: TextRecord[], sha256: string }}
 * @throws Error when the files differ from those that corpus.json was made of
 */
export function readCorpus({ update = false } = {}) {
  const listed = update ? undefined : JSON.parse(readFileSync(at('corpus.json'), 'utf8'))
  const packages = listed?.packages ?? chooseFiles()
  const all = readDocuments(packages)
  const held = new Set(listed?.heldOut ?? chooseHeldOut(all))
  const heldOut = recordsOf(all.filter(({ source }) => held.has(source)))
  const training = recordsOf(all.filter(({ source }) => !held.has(source)))
  const digest = sha256(JSON.stringify([training, heldOut]))
  if (listed && listed.sha256 !== digest)
    throw new Error(
      `the files of corpus.json give ${digest}, not ${listed.sha256}: is node_modules changed? Run npm run setup`
    )
  return { packages, training, heldOut, sha256: digest }
}

/**
 * Writes corpus/text.jsonl; after an update also corpus.json and what lies in data/. @param {{ update?: boolean }}
 * [options]
 */
export function collectText({ update = false } = {}) {
  const corpus = readCorpus({ update })
  const { packages, training, heldOut } = corpus
  writeJsonLines(at('corpus', 'text.jsonl'), training)
  if (update) {
    const summary = {
      training: { documents: training.length, characters: charactersOf(training) },
      heldOutCharacters: charactersOf(heldOut)
    }
    const head = JSON.stringify(
      { sha256: corpus.sha256, ...summary, heldOut: heldOut.map(({ source }) => source) },
      undefined,
      2
    ).slice(0, -2)
    writeText(
      at('corpus.json'),
      `${head},\n  "packages": [\n${packages.map(entry => `    ${JSON.stringify(entry)}`).join(',\n')}\n  ]\n}\n`
    )
    writeJsonLines(at('data', 'held-out.jsonl'), heldOut)
    writeText(at('data', 'held-out.licences.txt'), licenceTexts(heldOut))
  }
  return corpus
}

if (isMain(import.meta.url)) {
  const { sha256, training, heldOut } = collectText({ update: process.argv.includes('--update') })
  say(`corpus/text.jsonl: ${training.length} documents, ${charactersOf(training)} characters`)
  say(`data/held-out.jsonl: ${heldOut.length} documents, ${charactersOf(heldOut)} characters`)
  process.stdout.write(`${sha256}\n`)
}
