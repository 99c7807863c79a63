// The tour of docs/architecture.md from argv to logits: at most 20 files, each entered by a function that an earlier
// file calls and that runs when a pass key is asked for.
import { existsSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import { tinyLlama } from '@skipwise/tiny-llama'
import { expect, test } from 'vitest'
import { runCommand } from '../../packages/skipwise/src/command-line.ts'
import { read, root } from './workspace.mjs'

const section = read('docs/architecture.md').split('\n## A pass key, from argv to logits\n')[1].split('\n## ')[0]
const steps = [...section.matchAll(/^\| (\d+) \| `([^`]+)` \| (?:`(\w+)`|the shell) \|/gm)].map(
  ([, number, file, entry]) => ({ number: Number(number), file: `packages/${file}`, entry })
)

/** Names of the functions that ran, by file. */
async function functionsOf(run) {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  await run()
  const { result } = await session.post('Profiler.takePreciseCoverage')
  session.disconnect()
  const names = functions => functions.filter(({ ranges }) => ranges[0].count > 0).map(each => each.functionName)
  return new Map(result.map(({ url, functions }) => [url.replace('file://', ''), names(functions)]))
}

/** The function of a file that a contract's member is, as in `tables: rotaryTables`. */
const memberOf = (file, entry) => new RegExp(`\\b${entry}: (\\w+)`).exec(read(file))?.[1] ?? entry

const terminal = json => ({ json, signal: undefined, progress() {}, say() {}, note() {}, result() {} })

test('the tour has at most 20 files, numbered, and begins at argv', () => {
  expect(steps.length).toBeLessThanOrEqual(20)
  expect(steps.map(({ number }) => number)).toEqual(steps.map((_, i) => i + 1))
  expect(new Set(steps.map(({ file }) => file)).size).toBe(steps.length)
  expect(read(steps[0].file)).toContain('process.argv')
  expect(steps.filter(({ file }) => !existsSync(join(root, file)))).toEqual([])
})

test.each(steps.slice(1))('$number: $entry of $file is called by an earlier file', ({ number, entry }) => {
  const earlier = steps.slice(0, number - 1).map(({ file }) => read(file))
  expect(earlier.some(text => new RegExp(`\\b${entry}\\(`).test(text))).toBe(true)
})

test('a pass key that is asked for enters every file of the tour', { timeout: 120_000 }, async () => {
  const config = JSON.stringify({ lengths: [128], trials: 1 })
  const ran = await functionsOf(() =>
    runCommand(['eval', 'passkey', '--model', tinyLlama.folder, '--config', config, '--json'], terminal)
  )
  // the first file is the process
  const missing = steps.slice(1).filter(({ file, entry }) => {
    const names = ran.get(join(root, file)) ?? []
    return !names.includes(entry) && !names.includes(memberOf(file, entry))
  })
  expect(missing).toEqual([])
})
