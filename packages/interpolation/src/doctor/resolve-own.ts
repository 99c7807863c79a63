import { createRegistry, type Interpolation } from '@skipwise/core'
import { ropeTypes, type HuggingFaceRopeReading } from '../read-hugging-face.js'

const registry = createRegistry().register(...ropeTypes.map(({ plugin }) => plugin))

/** The scheme of a reading, which only ever names plugins of this package. */
export const resolveOwn = ({ name, config }: HuggingFaceRopeReading): Interpolation =>
  registry.resolveUnknown('interpolation', { name, config })
