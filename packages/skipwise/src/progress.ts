import { visible, type ProgressEvent, type ProgressListener } from '@skipwise/core'

/** Milliseconds between updates of the line on a terminal, and between lines elsewhere. */
const TERMINAL_INTERVAL = 100
const LOG_INTERVAL = 10_000

/** Shows progress events: one updating line on a terminal, at most a line every ten seconds elsewhere. */
export interface ProgressDisplay {
  readonly listener: ProgressListener
  /** Ends the line, so that something else can be printed. */
  clear(): void
  /** Nothing more comes: the last state that was not shown yet is. */
  end(): void
}

/** A task with its newest event, seconds since it began here and how much of it was done since. */
interface Running {
  readonly event: ProgressEvent
  readonly seconds: number
  readonly doneHere: number
}

/** Where progress is shown: what is used of a stream of Node. */
export interface ProgressStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** @param stream standard error, so that standard output stays clean */
export function createProgress(stream: ProgressStream): ProgressDisplay {
  const show = stream.isTTY ? onTerminal(stream) : inLog(stream)
  let started = 0
  let startedAt = 0
  let last: ProgressEvent | undefined
  const listener = (event: ProgressEvent) => {
    const now = performance.now()
    // a task of the same name may run again, for instance for every data source
    const isNew = event.task !== last?.task || event.done < last.done
    if (isNew) {
      started = now
      startedAt = event.done
    }
    last = event
    show.update({ event, seconds: (now - started) / 1000, doneHere: event.done - startedAt }, isNew, now)
  }
  return { listener, clear: show.clear, end: show.end }
}

interface Shown extends Omit<ProgressDisplay, 'listener'> {
  update(running: Running, isNew: boolean, now: number): void
}

const isOver = ({ event }: Running) => event.done >= event.total

/** One line that is written over; what a task came to stays when the next one begins. */
function onTerminal(stream: ProgressStream): Shown {
  let shown = 0
  let open: Running | undefined
  const write = (running: Running, end: string) =>
    stream.write(`\r\u001b[K${fitted(partsOf(running), stream.columns)}${end}`)
  const clear = () => {
    if (open) stream.write('\r\u001b[K')
    open = undefined
  }
  return {
    clear,
    end: () => {
      if (open) write(open, '\n')
      open = undefined
    },
    update(running, isNew, now) {
      if (isNew && open) write(open, '\n')
      if (isNew) open = undefined
      if (isOver(running)) {
        write(running, '\n')
        open = undefined
        return
      }
      if (isNew || now - shown >= TERMINAL_INTERVAL) {
        write(running, '')
        shown = now
      }
      open = running
    }
  }
}

/**
 * Whole lines: of what runs now and then, and of the end of a task that was long enough for such lines; of short ones
 * only the last.
 */
function inLog(stream: ProgressStream): Shown {
  let shown: number | undefined
  let finished: Running | undefined
  let newest: Running | undefined
  const print = (running: Running, now: number) => {
    stream.write(`${partsOf(running).join(SEPARATOR)}\n`)
    shown = now
    if (running === finished) finished = undefined
    if (running === newest) newest = undefined
  }
  return {
    clear: () => {},
    end: () => {
      const left = newest ?? finished
      if (left && (isOver(left) || shown !== undefined)) print(left, performance.now())
    },
    update(running, _, now) {
      shown ??= now
      newest = running
      if (isOver(running) && running.seconds * 1000 >= LOG_INTERVAL) finished = running
      if (now - shown >= LOG_INTERVAL) print(finished ?? running, now)
    }
  }
}

const SEPARATOR = ' · '

/** What fits into a line of a terminal: figures go before the time does. */
function fitted(parts: readonly string[], columns: number | undefined): string {
  const text = parts.join(SEPARATOR)
  if (!columns || text.length < columns) return text
  if (parts.length > 2) return fitted([...parts.slice(0, -2), ...parts.slice(-1)], columns)
  const [head, ...end] = parts
  const room = columns - 2 - end.map(part => part.length + SEPARATOR.length).reduce((sum, length) => sum + length, 0)
  return room > 8 ? [`${head.slice(0, room)}…`, ...end].join(SEPARATOR) : `${text.slice(0, columns - 2)}…`
}

/** `train 120/600 steps · loss 2.31 · 12.4k tokens/s · 420 MB · 1:02 left`. */
export const describe = (event: ProgressEvent, seconds: number, doneHere: number, columns?: number): string =>
  fitted(partsOf({ event, seconds, doneHere }), columns)

function partsOf({ event: { task, done, total, unit, metrics = {} }, seconds, doneHere }: Running): string[] {
  const parts = [
    `${task} ${done}/${total} ${unit}`,
    ...Object.entries(metrics).map(([name, value]) => metric(name, value))
  ]
  if (metrics['tokensPerSecond'] === undefined && doneHere > 0 && seconds > 0)
    parts.push(`${short(doneHere / seconds)} ${unit}/s`)
  if (done >= total) parts.push(`${clock(seconds)} taken`)
  else if (doneHere > 0) parts.push(`${clock(((total - done) * seconds) / doneHere)} left`)
  // Tasks and metrics may have names that plugins and files gave them.
  return parts.map(visible)
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

const short = (value: number) =>
  value >= 1e6 ? `${(value / 1e6).toFixed(1)}M` : value >= 1000 ? `${(value / 1000).toFixed(1)}k` : value.toPrecision(3)

/** 1:02, or 1:00:02. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds)
  const h = Math.floor(whole / 3600)
  const m = Math.floor(whole / 60) % 60
  const s = String(whole % 60).padStart(2, '0')
  return h ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`
}
