// The `skipwise` command from a clone: sets up and builds on first use, then becomes packages/skipwise/dist/cli.js in
// this very process, so that exit codes, signals and streams are the command's own.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { prepare } from './prepare.mjs'
import { root } from './workspace.mjs'

await prepare({ build: true })

// `npm run` starts scripts in the root and leaves the caller's folder in INIT_CWD: relative paths are the caller's
if (process.env.npm_lifecycle_event === 'skipwise' && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD)

const cli = join(root, 'packages', 'skipwise', 'dist', 'cli.js')
process.argv[1] = cli
await import(pathToFileURL(cli).href)
