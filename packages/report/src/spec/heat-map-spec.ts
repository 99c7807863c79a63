import { SkipwiseError, type HeatMapChart } from '@skipwise/core'
import type { TopLevelSpec } from 'vega-lite'
import { COLOURS, HEAT, inkOn } from '../theme.js'
import { checkValues, yScale, type AxisScale } from './axis.js'
import { frame, WIDTH } from './common.js'

const ROW = 34
/** Room between two grids, with the axis of the right one. */
const GAP = 90

/** Grids of coloured cells with their values in them, one for each series, two in a row. */
export function heatMapSpec(chart: HeatMapChart, title: string | undefined): TopLevelSpec {
  const { series, x, y } = chart
  const scale = heatScale(chart)
  const abreast = Math.min(2, Math.max(1, series.length))
  const cells = series.flatMap(({ name, cells }) =>
    cells.flatMap((row, j) =>
      row.flatMap((value, i) => {
        if (value === null) return []
        const level = heatLevel(value, scale)
        return [
          {
            series: name,
            x: x.categories[i],
            y: y.categories[j],
            label: scale.format(value).replace(' %', ''),
            fill: HEAT[level].light,
            ink: inkOn(level).light
          }
        ]
      })
    )
  )
  const width = (WIDTH - (abreast - 1) * GAP) / abreast
  const column = width / Math.max(1, x.categories.length)
  const position = {
    x: {
      field: 'x',
      type: 'ordinal' as const,
      scale: { domain: [...x.categories], padding: 0.04 },
      axis: { title: x.label, ticks: false, domain: false, labelAngle: 0 }
    },
    y: {
      field: 'y',
      type: 'ordinal' as const,
      scale: { domain: [...y.categories], padding: 0.06 },
      axis: { title: y.label, ticks: false, domain: false }
    }
  }
  return {
    ...frame(title),
    data: { values: cells },
    facet: {
      field: 'series',
      type: 'nominal' as const,
      title: null,
      sort: series.map(({ name }) => name),
      ...(series.length < 2 && { header: { labels: false } })
    },
    columns: abreast,
    spacing: { row: 24, column: 24 },
    spec: {
      width,
      height: ROW * y.categories.length,
      layer: [
        {
          mark: { type: 'rect' as const, stroke: COLOURS.grid.light, strokeWidth: 1 },
          encoding: { ...position, fill: { field: 'fill', type: 'nominal' as const, scale: null } }
        },
        {
          mark: { type: 'text' as const, fontSize: column < 34 ? 9.5 : 11.5 },
          encoding: {
            ...position,
            text: { field: 'label' },
            fill: { field: 'ink', type: 'nominal' as const, scale: null }
          }
        }
      ]
    }
  }
}

/** The range of the colours. */
export function heatScale(chart: HeatMapChart): AxisScale {
  const { x, y, value } = chart
  const numbers = chart.series.flatMap(({ name, cells }) => {
    if (cells.length !== y.categories.length || cells.some(row => row.length !== x.categories.length)) {
      throw new SkipwiseError('REPORT_CHART_SHAPE', {
        problem: `chart '${chart.id}': the grid of '${name}' is not ${y.categories.length} rows of ${x.categories.length}`,
        fix: 'give one cell per pair of categories, null where there is none'
      })
    }
    return cells.flat().filter(cell => cell !== null)
  })
  checkValues(chart, value, numbers)
  return yScale(value, numbers)
}

/** Level of the colour of a value: an index of `HEAT`. */
function heatLevel(value: number, { domain: [low, high] }: AxisScale): number {
  return Math.min(HEAT.length - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * HEAT.length)))
}
