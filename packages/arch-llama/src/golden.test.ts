import { describeGolden } from '@skipwise/testing'
import { join } from 'node:path'
import { llama } from './index.js'

// by tools/golden/families.py, in float64
await describeGolden(llama, join(import.meta.dirname, '../test/golden/families.json'))
await describeGolden(llama, join(import.meta.dirname, '../test/golden/gemma.json'))
await describeGolden(llama, join(import.meta.dirname, '../test/golden/local-rope.json'))
