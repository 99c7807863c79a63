import type { EvalContext, EvalResult, EvalSuite, LanguageModel } from '@skipwise/core'
import type { Journal } from './journal.js'

/** Arguments of {@link runSuites}. */
export interface SuiteContext extends Omit<EvalContext, 'remember'> {
  /** Prefix of the task of each event, for instance the name of the model. */
  readonly label?: string | undefined
}

/**
 * Runs every suite on one model, in their order.
 *
 * @param journalOf opens the journal for the finished units of a suite, by its index; it is closed when the suite ends.
 * Without it nothing is stored
 * @throws what a suite throws; `signal.reason` when aborted
 */
export async function runSuites(
  model: LanguageModel,
  suites: readonly EvalSuite[],
  { seed, resolvePath, progress, signal, label }: SuiteContext,
  journalOf?: (index: number) => Promise<Journal>
): Promise<EvalResult[]> {
  const results: EvalResult[] = []
  const named: EvalContext['progress'] =
    label === undefined ? progress : event => progress?.({ ...event, task: `${label}: ${event.task}` })
  for (const [i, suite] of suites.entries()) {
    signal?.throwIfAborted()
    const journal = await journalOf?.(i)
    try {
      const context = { seed, resolvePath, progress: named, signal, remember: journal?.remember }
      results.push(await suite.run(model, context))
    } finally {
      await journal?.close()
    }
  }
  return results
}
