import { readFileSync } from 'node:fs'

/**
 * Adds up vitest's JSON reports.
 *
 * @param {readonly { name: string, file: string }[]} reports one per package; a missing one counts as a failure
 * @returns {{ passed: number, failed: number, skipped: number, problems: string[] }}
 */
export function countResults(reports) {
  const total = { passed: 0, failed: 0, skipped: 0, problems: [] }
  for (const { name, file } of reports) {
    let report
    try {
      report = JSON.parse(readFileSync(file, 'utf8'))
    } catch {
      total.failed += 1
      total.problems.push(`${name}: its tests left no report, so they did not run to the end`)
      continue
    }
    total.passed += report.numPassedTests
    total.failed += report.numFailedTests
    total.skipped += report.numPendingTests + report.numTodoTests
    // a file that does not load, or an error outside any test, fails the run without a failed test
    if (!report.success && report.numFailedTests === 0) {
      total.failed += 1
      total.problems.push(`${name}: a test file or a hook failed outside any test`)
    }
  }
  return total
}
