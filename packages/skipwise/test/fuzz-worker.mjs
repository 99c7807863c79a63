// Runs commands one after the other in this process, as cli.js would each in its own: what they write goes back to
// whoever forked it.
import { runCommand } from '../dist/command-line.js'
import { openTerminal, reportError } from '../dist/terminal.js'

process.on('message', async ({ args, cwd }) => {
  process.chdir(cwd)
  let stdout = ''
  let stderr = ''
  const { write } = process.stdout
  const { write: writeError } = process.stderr
  process.stdout.write = text => ((stdout = `${stdout}${text}`.slice(-100_000)), true)
  process.stderr.write = text => ((stderr = `${stderr}${text}`.slice(-100_000)), true)
  process.exitCode = 0
  let code
  try {
    code = await runCommand(args, json => openTerminal(json, new AbortController().signal))
  } catch (error) {
    code = reportError(error)
    if (/INTERNAL/.test(stderr)) stderr += error?.stack
  } finally {
    process.stdout.write = write
    process.stderr.write = writeError
  }
  process.removeAllListeners('exit')
  process.send({ code, stdout, stderr, megabytes: process.memoryUsage().rss / 1e6 })
})
process.send({ ready: true })
