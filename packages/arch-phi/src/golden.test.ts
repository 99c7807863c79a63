import { describeGolden } from '@skipwise/testing'
import { join } from 'node:path'
import { phi } from './index.js'

// by tools/golden/families.py, in float64
await describeGolden(phi, join(import.meta.dirname, '../test/golden/families.json'))
