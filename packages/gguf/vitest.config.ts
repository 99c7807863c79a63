import { preset } from '@skipwise/config/vitest'

export default preset()
