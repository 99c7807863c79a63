// npm test: checks the format of every package, lints, type-checks and tests it through Nx (cached), and ends with a
// line of real counts.
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { countResults, skippedTests } from './results.mjs'
import { workspacePackages } from './stamps.mjs'
import { root, run } from './workspace.mjs'

// everything that has tests has a vitest configuration; a package without tests fails in tools/checks
const tested = workspacePackages().filter(path => existsSync(join(root, path, 'vitest.config.ts')))
const reports = tested.map(path => ({ name: path, file: join(root, path, '.test-results', 'vitest.json') }))
// a report left over from an earlier run must not be counted; Nx brings back those of cached runs
for (const path of tested) rmSync(join(root, path, '.test-results'), { recursive: true, force: true })

const nx = (...args) => run('nx', ['run-many', '--output-style=static', '-t', ...args])
// all packages in one program each: the target of one package is for its developer, and checks what it imports as well
const gates = await nx('format', 'lint', 'typecheck', '-p', '@skipwise/checks,@skipwise/docs')
const tests = await nx('test')

const { passed, failed, skipped, problems } = countResults(reports)
if (gates.status !== 0) problems.push('format, lint or typecheck failed: see above')
if (tests.status !== 0 && failed === 0) problems.push('the test run failed although every test passed: see above')
for (const line of skippedTests(reports)) console.log(line)
for (const problem of problems) console.log(`✗ ${problem}`)
const failures = failed + (gates.status === 0 ? 0 : 1) + (tests.status !== 0 && failed === 0 ? 1 : 0)
console.log(`${passed} passed, ${failures} failed, ${skipped} skipped`)
process.exitCode = failures === 0 ? 0 : 1
