import { preset } from '@skipwise/config/tsup'

export default preset({ entry: ['src/index.ts', 'src/cli.ts'] })
