import { SkipwiseError, type BarChart } from '@skipwise/core'
import type { TopLevelSpec } from 'vega-lite'
import { COLOURS, SERIES } from '../theme.js'
import { checkValues, yScale, type AxisScale } from './axis.js'
import { axisOf, frame, HEIGHT, scaleOf, seriesLegend, WIDTH } from './common.js'

/** Widest bar, and the most of its slot that a bar takes. */
const WIDEST = 44
/** Number of characters of category labels that fit next to each other. */
const LABEL_ROOM = WIDTH / 7

/** Bars from zero, error bars where there are intervals, a legend where there are several series. */
export function barSpec(chart: BarChart, title: string | undefined): TopLevelSpec {
  const {
    series,
    x: { label, categories }
  } = chart
  const names = series.map(({ name }) => name)
  const scale = barScale(chart)
  const values = series.flatMap(({ name, values, intervals }) =>
    categories.flatMap((category, i) => {
      const value = values[i] ?? null
      const [low, high] = intervals?.[i] ?? [null, null]
      return value === null ? [] : [{ series: name, category, value, low, high }]
    })
  )
  const slanted = categories.reduce((sum, { length }) => sum + length + 2, 0) > LABEL_ROOM
  const across = {
    x: {
      field: 'category',
      type: 'nominal' as const,
      scale: { domain: [...categories], paddingInner: 0.28, paddingOuter: 0.14 },
      axis: { title: label, grid: false, ticks: false, labelAngle: slanted ? -35 : 0, labelLimit: 260 }
    },
    xOffset: { field: 'series', type: 'nominal' as const, scale: { domain: names, paddingInner: 0.08 } }
  }
  const up = {
    type: 'quantitative' as const,
    scale: scaleOf('linear', scale),
    axis: { ...axisOf(scale), title: chart.y.label }
  }
  const slot = ((WIDTH / Math.max(1, categories.length)) * 0.72) / Math.max(1, names.length)
  return {
    ...frame(title),
    width: WIDTH,
    height: HEIGHT,
    layer: [
      {
        data: { values },
        mark: { type: 'bar' as const, ...(slot > WIDEST && { width: WIDEST }) },
        encoding: {
          ...across,
          y: { field: 'value', ...up },
          color: {
            field: 'series',
            type: 'nominal' as const,
            scale: { domain: names, range: names.map((_, i) => SERIES[i % SERIES.length].light) },
            legend: names.length > 1 ? seriesLegend(names.length) : null
          }
        }
      },
      {
        data: { values: values.filter(({ low }) => low !== null) },
        mark: { type: 'rule' as const, color: COLOURS.ink.light, strokeWidth: 1.5 },
        encoding: { ...across, y: { field: 'low', ...up }, y2: { field: 'high' } }
      },
      ...(scale.domain[0] < 0
        ? [
            {
              data: { values: [{}] },
              mark: { type: 'rule' as const, color: COLOURS.rule.light },
              encoding: { y: { datum: 0, ...up } }
            }
          ]
        : [])
    ]
  }
}

/** From zero, or from below it, to a tick above all values and their intervals. */
export function barScale(chart: BarChart): AxisScale {
  const numbers = chart.series.flatMap(({ name, values, intervals = [] }) => {
    const longest = chart.x.categories.length
    if (values.length !== longest || intervals.length > longest)
      throw new SkipwiseError('REPORT_CHART_SHAPE', {
        problem: `chart '${chart.id}': series '${name}' has ${values.length} values for ${longest} categories`,
        fix: 'give one value per category, null where there is none'
      })
    return [...values, ...intervals.flatMap(interval => interval ?? [])].filter(value => value !== null)
  })
  checkValues(chart, chart.y, numbers)
  return yScale(chart.y, [0, ...numbers])
}
