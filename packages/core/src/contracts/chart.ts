/** A chart that `@skipwise/report` draws, and shows as a table too. */
export type Chart = LineChart | BarChart | HeatMapChart

interface ChartText {
  readonly id: string
  readonly title: string
  /** A sentence that says what the chart shows, for those who cannot see it. */
  readonly description: string
}

/** Lines through points [x, y]. */
export interface LineChart extends ChartText {
  readonly kind?: 'line'
  readonly x: ChartAxis
  readonly y: ChartAxis
  readonly series: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[]
  /** Vertical dashed lines, for instance where the training window ends. */
  readonly rules?: readonly { readonly x: number; readonly label: string }[]
}

/** Bars from zero: a group for each category, a bar in it for each series. */
export interface BarChart extends ChartText {
  readonly kind: 'bar'
  readonly x: ChartCategories
  readonly y: ChartAxis & { readonly scale: 'linear' }
  readonly series: readonly {
    readonly name: string
    /** One for each category; `null` where nothing was measured. */
    readonly values: readonly (number | null)[]
    /** [low, high] around each value, drawn as error bars. */
    readonly intervals?: readonly (readonly [number, number] | null)[]
  }[]
}

/** A grid of cells coloured by their value, one grid for each series. */
export interface HeatMapChart extends ChartText {
  readonly kind: 'heat-map'
  readonly x: ChartCategories
  /** From top to bottom. */
  readonly y: ChartCategories
  /** What the colour says; without `domain` it spans the values. */
  readonly value: ChartAxis & { readonly scale: 'linear' }
  readonly series: readonly {
    readonly name: string
    /** [y][x]; `null` where nothing was measured. */
    readonly cells: readonly (readonly (number | null)[])[]
  }[]
}

/** A numeric axis of a {@link Chart}. */
export interface ChartAxis {
  readonly label: string
  readonly scale: 'linear' | 'log'
  /** Whether values are shown in percent. */
  readonly percent?: boolean
  readonly domain?: readonly [number, number]
}

/** An axis of names, in order. */
export interface ChartCategories {
  readonly label: string
  readonly categories: readonly string[]
}

/** Whether a chart is one of lines, the kind where none is named. */
export const isLineChart = (chart: Chart): chart is LineChart => chart.kind === undefined || chart.kind === 'line'

/** A cell of a {@link Table}; whoever shows it formats numbers. */
export type Cell = string | number

/** Rows under headers, which `@skipwise/report` shows as Markdown, as text and as CSV. */
export interface Table {
  readonly headers: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}
