import { preset } from '@skipwise/config/vitest'

// the end-to-end tests start the built command many times; on a busy machine each takes seconds
export default preset({ testTimeout: 240_000, hookTimeout: 120_000 })
