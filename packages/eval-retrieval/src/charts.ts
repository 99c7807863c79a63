import {
  lengthChart,
  type Chart,
  type EvalResult,
  type HeatMapChart,
  type LengthChart,
  type LineChart
} from '@skipwise/core'
import type { PasskeyDetails, TasksDetails } from './results.js'

/** A share by the length of prompt and answer, drawn in percent. */
export const shareChart = (
  results: readonly EvalResult[],
  { y, ...chart }: Pick<LengthChart, 'id' | 'metric' | 'title'> & { /** Label of the share. */ readonly y: string }
): LineChart =>
  lengthChart(results, {
    ...chart,
    x: 'Length of prompt and answer (tokens)',
    y: { label: y, scale: 'linear', percent: true, domain: [0, 1] },
    words: share => `${(100 * share).toFixed(0)} %`
  })

/** Accuracy by length, and by length and depth, one series a result. */
export function passkeyCharts(results: readonly EvalResult[]): readonly Chart[] {
  const own = results.filter(result => result.suite === 'passkey')
  if (own.length === 0) return []
  return [
    shareChart(own, {
      id: 'passkey',
      metric: 'passkey',
      title: 'Passkey retrieval by context length',
      y: 'Keys retrieved exactly'
    }),
    depthChart(own)
  ]
}

/** The grid of lengths and depths, shallow depths at the top, as in the prompt. */
function depthChart(results: readonly EvalResult[]): HeatMapChart {
  const measured = results.map(({ model, details }) => ({ name: model, lengths: (details as PasskeyDetails).lengths }))
  const lengths = [...new Set(measured.flatMap(({ lengths }) => lengths.map(({ length }) => length)))].sort(
    (a, b) => a - b
  )
  const bands = measured[0].lengths[0].depths.map(
    ({ from, to }) => `${Math.round(100 * from)}–${Math.round(100 * to)} %`
  )
  const series = measured.map(({ name, lengths: own }) => ({
    name,
    cells: bands.map((_, band) =>
      lengths.map(length => {
        const depth = own.find(each => each.length === length)?.depths[band]
        return depth && depth.trials > 0 ? depth.correct / depth.trials : null
      })
    )
  }))
  return {
    kind: 'heat-map',
    id: 'passkey-depth',
    title: 'Passkey retrieval by context length and depth of the key',
    x: { label: 'Length of prompt and answer (tokens)', categories: lengths.map(String) },
    y: { label: 'Depth of the key in the noise', categories: bands },
    value: { label: 'Keys retrieved exactly', scale: 'linear', percent: true, domain: [0, 1] },
    series,
    description: `Share of pass keys retrieved exactly, by length and by depth of the key. ${series.map(({ name, cells }) => `${name}: ${worst(cells, bands, lengths)}.`).join(' ')}`
  }
}

/** The cell with the lowest share, in words. */
function worst(
  cells: readonly (readonly (number | null)[])[],
  bands: readonly string[],
  lengths: readonly number[]
): string {
  const all = cells.flatMap((row, y) =>
    row.flatMap((value, x) => (value === null ? [] : [{ value, band: bands[y], length: lengths[x] }]))
  )
  const lowest = all.reduce((low, cell) => (cell.value < low.value ? cell : low))
  return lowest.value === 1
    ? 'all of them everywhere'
    : `lowest with ${Math.round(100 * lowest.value)} % at ${lowest.length} tokens and a depth of ${lowest.band}`
}

/** Scores by task and length, one grid a result. */
export function taskChart(
  results: readonly EvalResult[],
  { name, title }: { readonly name: string; readonly title: string }
): HeatMapChart {
  const measured = results.map(({ model, details }) => ({ model, scores: (details as TasksDetails).results }))
  const all = measured.flatMap(({ scores }) => scores)
  const tasks = [...new Set(all.map(({ task }) => task))]
  const lengths = [...new Set(all.map(({ length }) => length))].sort((a, b) => a - b)
  return {
    kind: 'heat-map',
    id: `${name}-tasks`,
    title: `${title} by task and context length`,
    x: { label: 'Length of prompt and answer (tokens)', categories: lengths.map(String) },
    y: { label: 'Task', categories: tasks },
    value: { label: 'Answers found', scale: 'linear', percent: true, domain: [0, 1] },
    series: measured.map(({ model, scores }) => ({
      name: model,
      cells: tasks.map(task =>
        lengths.map(length => scores.find(result => result.task === task && result.length === length)?.score ?? null)
      )
    })),
    description: `Share of answers found, by task and length. ${measured.map(({ model, scores }) => `${model}: ${scores.map(({ task, length, score }) => `${task} ${Math.round(100 * score)} % at ${length}`).join(', ')}.`).join(' ')}`
  }
}
