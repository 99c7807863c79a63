import { preset } from '@skipwise/config/vitest'

export default preset({ include: ['*.test.mjs'], testTimeout: 600_000 })
