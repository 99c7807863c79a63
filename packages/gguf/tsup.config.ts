import { preset } from '@skipwise/config/tsup'

export default preset()
