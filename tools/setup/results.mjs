import { existsSync, readFileSync } from 'node:fs'

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

/**
 * What was skipped, a line per package and reason: the titles around a test say it.
 *
 * @param {readonly { name: string, file: string }[]} reports one per package; a missing one has nothing to say
 * @returns {string[]}
 */
export function skippedTests(reports) {
  return reports
    .filter(({ file }) => existsSync(file))
    .flatMap(({ name, file }) => {
      const tests = JSON.parse(readFileSync(file, 'utf8')).testResults.flatMap(
        ({ assertionResults }) => assertionResults
      )
      const counts = new Map()
      for (const { status, ancestorTitles, title } of tests) {
        if (!['skipped', 'pending', 'todo'].includes(status)) continue
        // the tests of a skipped group share its reason
        const why =
          ancestorTitles.find(title => /\((skipped|needs)/.test(title)) ?? [...ancestorTitles, title].join(' > ')
        counts.set(why, (counts.get(why) ?? 0) + 1)
      }
      return [...counts].map(([why, count]) => `${name}: ${count} skipped: ${why}`)
    })
}
