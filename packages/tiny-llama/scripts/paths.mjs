// Where everything lies, and the few things that every script does.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this package. */
export const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)))
/** The folder of the workspace. */
export const workspaceRoot = dirname(dirname(packageRoot))

/** @param {...string} parts below the folder of this package */
export const at = (...parts) => join(packageRoot, ...parts)

/**
 * Writes a file whole or not at all.
 * @param {string} file
 * @param {string} text
 */
export function writeText(file, text) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(`${file}.tmp`, text)
  renameSync(`${file}.tmp`, file)
}

/**
 * @param {string} file
 * @param {readonly object[]} records
 */
export const writeJsonLines = (file, records) =>
  writeText(file, records.map(record => `${JSON.stringify(record)}\n`).join(''))

/**
 * @param {string} file
 * @returns {any[]}
 */
export const readJsonLines = file =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

/** Whether this module is the one that node was called with. @param {string} url */
export const isMain = url => process.argv[1] !== undefined && fileURLToPath(url) === process.argv[1]

/** A line for the person who waits. @param {string} text */
export const say = text => process.stderr.write(`${text}\n`)
