import { lengthChart, type EvalResult, type LengthChart, type LineChart } from '@skipwise/core'

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
