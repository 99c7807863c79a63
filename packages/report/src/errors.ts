import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/report` throws. */
export const reportErrorCodes = {
  REPORT_CHART_POINT: 'A chart has a point or a domain that is not finite, too far out, or not positive on a log axis.',
  REPORT_CHART_SIZE: 'A chart has more points, bars, cells, series or rules than can be shown.',
  REPORT_CHART_SHAPE: 'A bar chart or heat map has more or fewer values than categories.'
} as const satisfies ErrorCodes
