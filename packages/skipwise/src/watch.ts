import type { LineChart, ProgressEvent, ProgressListener } from '@skipwise/core'
import { renderAscii } from '@skipwise/report'
import { describe } from './progress.js'

/** Milliseconds between drawings. */
const INTERVAL = 250
/** Columns of the plot, each the mean of its steps. */
const COLUMNS = 60

/**
 * Draws the loss of a training while it goes on: a chart and the line of progress, in place. Where the stream is no
 * terminal, everything goes to `otherwise`: a log has lines, not drawings.
 *
 * @param stream standard error, so that standard output stays clean
 */
export function createWatch(stream: NodeJS.WriteStream, otherwise: ProgressListener): ProgressListener {
  if (!stream.isTTY) return otherwise
  let points: (readonly [number, number])[] = []
  let scores: (readonly [number, number])[] = []
  let height = 0
  let shown = -Infinity
  let started = 0
  let startedAt = 0
  let task = ''
  const draw = (event: ProgressEvent) => {
    const now = performance.now()
    const isEnd = event.task === 'train' && event.done >= event.total
    if (event.task !== task) {
      task = event.task
      started = now
      startedAt = event.done
    }
    if (!isEnd && now - shown < INTERVAL) return
    shown = now
    const columns = stream.columns || 80
    const status = describe(event, (now - started) / 1000, event.done - startedAt, columns)
    const lines = [
      ...(points.length > 1
        ? renderAscii(lossChart(points, scores), { width: Math.max(20, Math.min(COLUMNS, columns - 14)) }).split('\n')
        : []),
      status
    ].map(line => fit(line, columns))
    // back to the begin of what was drawn before, and over it
    stream.write(
      `${height > 0 ? `\r${height > 1 ? `\u001b[${height - 1}A` : ''}\u001b[J` : ''}${lines.join('\n')}${isEnd ? '\n' : ''}`
    )
    height = isEnd ? 0 : lines.length
    if (isEnd) [points, scores] = [[], []]
  }
  return event => {
    const { loss, validation } = event.metrics ?? {}
    if (event.task !== 'train' && !points.length) return otherwise(event)
    if (event.task === 'train' && Number.isFinite(loss)) points.push([event.done, loss])
    if (event.task === 'train' && Number.isFinite(validation)) scores.push([event.done, validation])
    draw(event)
  }
}

const fit = (line: string, columns: number) => (line.length >= columns ? `${line.slice(0, columns - 2)}…` : line)

/** The loss so far, at most one point a column. */
function lossChart(
  points: readonly (readonly [number, number])[],
  scores: readonly (readonly [number, number])[]
): LineChart {
  const width = Math.ceil(points.length / COLUMNS)
  const thin = Array.from({ length: Math.ceil(points.length / width) }, (_, i) => {
    const bucket = points.slice(i * width, (i + 1) * width)
    return [bucket[bucket.length - 1][0], bucket.reduce((sum, [, loss]) => sum + loss, 0) / bucket.length] as const
  })
  const [, last] = scores[scores.length - 1] ?? []
  return {
    id: 'loss',
    title: `Training loss${last === undefined ? '' : `; validation ${last.toPrecision(4)}`}`,
    description: 'loss so far',
    x: { label: 'Step', scale: 'linear' },
    y: { label: 'Loss (nats per token)', scale: 'linear' },
    series: [{ name: 'loss', points: thin }]
  }
}
