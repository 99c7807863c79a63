import { preset } from '@skipwise/config/tsup'

// the fuzz job runs commands in one process: test/fuzz-worker.mjs
export default preset({ entry: ['src/index.ts', 'src/cli.ts', 'src/command-line.ts', 'src/terminal.ts'] })
