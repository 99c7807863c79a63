#!/usr/bin/env node
import { SkipwiseError } from '@skipwise/core'
import { runCommand } from './command-line.js'
import { openTerminal, reportError } from './terminal.js'

const interrupt = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    process.stderr.write('\nstopping after this step; once more to stop at once\n')
    interrupt.abort(new SkipwiseError('CLI_INTERRUPTED', { problem: 'stopped', fix: 'run the same command again to go on' }))
  })
}
// a reader that has seen enough (`| head`) is no error
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  process.exitCode = await runCommand(process.argv.slice(2), json => openTerminal(json, interrupt.signal))
} catch (error) {
  process.exitCode = reportError(error)
}
