#!/usr/bin/env node
import { isSkipwiseError } from '@skipwise/core'
import { runCommand } from './command-line.js'
import { usageError } from './errors.js'
import { STOPPED_CODES } from './exit-codes.js'
import { listenToSignals } from './interrupts.js'
import { outliveReaders } from './outputs.js'
import { openTerminal, reportError } from './terminal.js'

const interrupts = listenToSignals(line => process.stderr.write(`${line}\n`))
outliveReaders(error => {
  const problem = `standard output cannot be written (${error.code ?? error.message})`
  process.exitCode = reportError(usageError('CLI_STDOUT', problem, 'redirect it to a disk with free space', error))
})

try {
  const exitCode = await runCommand(process.argv.slice(2), json => openTerminal(json, interrupts.signal))
  // an output that failed has set a code of its own
  process.exitCode ||= exitCode
} catch (error) {
  const exitCode = reportError(error)
  const isStopped = isSkipwiseError(error) && STOPPED_CODES.includes(error.code)
  process.exitCode = (isStopped ? interrupts.exitCode() : undefined) ?? exitCode
}
