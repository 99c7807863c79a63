import { visible, type ProgressEvent, type ProgressListener } from '@skipwise/core'

/** Milliseconds between updates of the line on a terminal, and between lines elsewhere. */
const TERMINAL_INTERVAL = 100
const LOG_INTERVAL = 10_000

/** Shows progress events: one updating line on a terminal, an occasional line elsewhere. */
export interface ProgressDisplay {
  readonly listener: ProgressListener
  /** Ends the line, so that something else can be printed. */
  clear(): void
}

/** @param stream standard error, so that standard output stays clean */
export function createProgress(stream: NodeJS.WriteStream): ProgressDisplay {
  let task = '', done = 0, started = 0, startedAt = 0, shown = 0, line = false
  const clear = () => {
    if (line) stream.write('\r\u001b[K')
    line = false
  }
  const listener = (event: ProgressEvent) => {
    const now = performance.now(), isLast = event.done >= event.total
    // a task of the same name may run again, for instance for every data source
    if (event.task !== task || event.done < done) {
      task = event.task
      started = now
      startedAt = event.done
      // a new task's first line elsewhere waits its interval: short tasks show only their end
      shown = stream.isTTY ? 0 : now
    }
    done = event.done
    if (!isLast && now - shown < (stream.isTTY ? TERMINAL_INTERVAL : LOG_INTERVAL)) return
    shown = now
    const text = describe(event, (now - started) / 1000, event.done - startedAt)
    if (!stream.isTTY) stream.write(`${text}\n`)
    else {
      stream.write(`\r\u001b[K${fit(text, stream.columns)}${isLast ? '\n' : ''}`)
      line = !isLast
    }
  }
  return { listener, clear }
}

const fit = (text: string, columns: number | undefined) => (columns && text.length >= columns ? `${text.slice(0, columns - 2)}…` : text)

/** `train 120/600 steps · loss 2.31 · 12.4k tokens/s · 420 MB · 1:02 left`. */
export function describe({ task, done, total, unit, metrics = {} }: ProgressEvent, seconds: number, doneHere: number): string {
  const parts = [`${task} ${done}/${total} ${unit}`, ...Object.entries(metrics).map(([name, value]) => metric(name, value))]
  if (metrics['tokensPerSecond'] === undefined && doneHere > 0 && seconds > 0) parts.push(`${short(doneHere / seconds)} ${unit}/s`)
  if (done >= total) parts.push(`${clock(seconds)} taken`)
  else if (doneHere > 0) parts.push(`${clock(((total - done) * seconds) / doneHere)} left`)
  // Tasks and metrics may have names that plugins and files gave them.
  return visible(parts.join(' · '))
}

function metric(name: string, value: number): string {
  switch (name) {
    case 'tokensPerSecond':
      return `${short(value)} tokens/s`
    case 'peakMemoryMB':
      return `${Math.round(value)} MB`
    case 'learningRate':
      return `rate ${value.toExponential(1)}`
    case 'gradientNorm':
      return `gradient ${value.toPrecision(2)}`
    case 'firstStepSeconds':
      return `first step ${value.toFixed(1)} s`
    case 'accuracy':
      return `${(100 * value).toFixed(0)} % right`
    default:
      return `${name} ${value.toPrecision(4)}`
  }
}

const short = (value: number) => (value >= 1e6 ? `${(value / 1e6).toFixed(1)}M` : value >= 1000 ? `${(value / 1000).toFixed(1)}k` : value.toPrecision(3))

/** 1:02, or 1:00:02. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds), h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, s = String(whole % 60).padStart(2, '0')
  return h ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`
}
