import { SkipwiseError } from '@skipwise/core'
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeScalars, eventFileHeader, type ScalarEvent } from './event-file.js'

/** Figures of a step, as a line of {@link MetricsLog}'s file. */
export interface StepMetrics {
  readonly step: number
  /** When it was done, ISO 8601. */
  readonly time: string
  readonly [metric: string]: number | string
}

const LINES = 'metrics.jsonl'
const EVENTS = 'events.out.tfevents.0000000000.skipwise'

/**
 * Writes the figures of every step as they come into a folder: `metrics.jsonl`, one object a line, and an event file
 * for TensorBoard with the same scalars. A run that is resumed from a saved state writes the steps after it again:
 * lines from its first step on are dropped.
 */
export class MetricsLog {
  #begun = false

  constructor(private readonly folder: string) {}

  /**
   * @param step steps done, 1 for the first
   * @throws SkipwiseError `DISK_FULL`, `TRAINING_METRICS`
   */
  write(step: number, metrics: Readonly<Record<string, number>>, now: Date = new Date()): void {
    try {
      if (!this.#begun) this.#begin(step, now)
      const line: StepMetrics = { step, time: now.toISOString(), ...metrics }
      appendFileSync(join(this.folder, LINES), `${JSON.stringify(line)}\n`)
      appendFileSync(join(this.folder, EVENTS), encodeScalars(eventOf(line)))
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      throw new SkipwiseError(code === 'ENOSPC' ? 'DISK_FULL' : 'TRAINING_METRICS', {
        problem: `the metrics in ${this.folder} cannot be written (${code})`,
        fix: 'free disk space or make the folder writable, and run the same command again to resume',
        cause
      })
    }
  }

  /** Keeps what was written of the steps before `step`, each file by one rename. */
  #begin(step: number, now: Date): void {
    mkdirSync(this.folder, { recursive: true })
    const kept = readMetrics(this.folder).filter(line => line.step < step)
    const first = (kept[0] ? Date.parse(kept[0].time) : now.getTime()) / 1000
    replace(join(this.folder, LINES), kept.map(line => `${JSON.stringify(line)}\n`).join(''))
    replace(
      join(this.folder, EVENTS),
      Buffer.concat([eventFileHeader(first), ...kept.map(line => encodeScalars(eventOf(line)))])
    )
    this.#begun = true
  }
}

/** The steps of a `metrics.jsonl` in a folder; a line that a killed process left unfinished is not one. */
export function readMetrics(folder: string): StepMetrics[] {
  let text: string
  try {
    text = readFileSync(join(folder, LINES), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return text.split('\n').flatMap(line => {
    try {
      const parsed = JSON.parse(line) as Partial<StepMetrics> | null
      return parsed !== null && Number.isInteger(parsed.step) && !Number.isNaN(Date.parse(String(parsed.time)))
        ? [parsed as StepMetrics]
        : []
    } catch {
      return []
    }
  })
}

function eventOf({ step, time, ...metrics }: StepMetrics): ScalarEvent {
  const scalars = Object.entries(metrics).flatMap(([name, value]) =>
    typeof value === 'number' ? [[`train/${name}`, value] as const] : []
  )
  return { wallTime: Date.parse(time) / 1000, step, scalars: Object.fromEntries(scalars) }
}

function replace(file: string, data: string | Uint8Array): void {
  writeFileSync(`${file}.tmp`, data)
  renameSync(`${file}.tmp`, file)
}
