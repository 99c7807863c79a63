/** One report of a running task. Listeners decide how to show it: a bar on a terminal, a line in a log, nothing. */
export interface ProgressEvent {
  /** What runs, for instance `'train'` or `'passkey 4096'`. The same for all events of a task. */
  readonly task: string
  readonly done: number
  readonly total: number
  /** Unit of `done` and `total`: `'steps'`, `'tokens'`, `'trials'`. */
  readonly unit: string
  /** Figures to show next to the bar, for instance `{ loss: 2.31, tokensPerSecond: 12400 }`. */
  readonly metrics?: Readonly<Record<string, number>> | undefined
}

/** Receives {@link ProgressEvent}s; must not throw. */
export type ProgressListener = (event: ProgressEvent) => void
