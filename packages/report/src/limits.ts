/** Points of one series of a drawing. With more, the smallest and the largest of each interval are drawn. */
export const POINTS_DRAWN = 2000

/** Rows of a table on a page or in a document. Files of numbers have all. */
export const ROWS_SHOWN = 1000

/** Marks of one chart: points, bars or cells. */
export const MARKS = 1_000_000

/** Bars or cells of one drawing: more are narrower than a pixel. */
export const CELLS_DRAWN = 10_000

/** Series of one chart. */
export const SERIES_DRAWN = 200

/** Dashed rules of one chart. */
export const RULES_DRAWN = 100

/** Characters of a name, a title or a description in a drawing. */
export const TEXT_DRAWN = 1000

/** Rows of the table in docs/security.md. */
export const limits = [
  {
    what: 'points of one series of a chart',
    bound: `${POINTS_DRAWN} are drawn`,
    then: 'the least and the greatest of each stretch are drawn, and the chart says so'
  },
  {
    what: 'rows of a table in a report',
    bound: `${ROWS_SHOWN} are shown`,
    then: 'the page says how many there are; CSV files have all'
  },
  { what: 'points, bars or cells of one chart', bound: `${MARKS}`, then: '`REPORT_CHART_SIZE`' },
  { what: 'bars or cells of one drawing', bound: `${CELLS_DRAWN}`, then: '`REPORT_CHART_SIZE`' },
  { what: 'series and rules of one chart', bound: `${SERIES_DRAWN} and ${RULES_DRAWN}`, then: '`REPORT_CHART_SIZE`' },
  { what: 'a text in a drawing', bound: `${TEXT_DRAWN} characters`, then: 'its middle is left out' }
]
