import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/position-transforms` throws. */
export const positionTransformErrorCodes = {
  POSITIONS_DOCUMENT_SHORT: 'A document has fewer tokens than one training example needs.',
  POSITIONS_WINDOW: 'The windows are impossible, or too small for the number of chunks.',
  POSITIONS_INVALID: 'Position ids do not increase strictly, or reach the target window.',
  COVERAGE_CHUNKS: 'No closed form is known for the coverage of this number of chunks.'
} as const satisfies ErrorCodes
