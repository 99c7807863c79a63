import type { EvalResult, HeatMapChart } from '@skipwise/core'
import type { TasksDetails } from './tasks-suite.js'

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
