/** What sets versions of lm-evaluation-harness apart, for the tasks here. */
export interface HarnessProfile {
  /** Whether the tokenizer's own policy on BOS holds, or there is never one. */
  readonly bos: 'tokenizer' | 'never'
  /** Seed of the generator of few-shot examples. */
  readonly seed: number
  /** Whether that generator first shuffles the questions. */
  readonly shuffles: boolean
  /** Whether a task without a test split draws one example more and leaves the question itself out. */
  readonly drawsSpare: boolean
  /** Which choices `mc2` takes for true: those labelled so, or all before the first false one. */
  readonly mc2: 'labels' | 'before-first-false'
}

/**
 * - `b281b09`: the commit of the Open LLM Leaderboard (June 2023), which PoSE's Table 3 was made with.
 * - `0.4.0`: releases 0.4.0 to 0.4.9.1. Those before 0.4.9 still took the choices before the first false one for true;
 *   that is the same for TruthfulQA itself, whose true choices stand first.
 * - `0.4.9.2+`: from release 0.4.9.2 on the tokenizer decides about BOS.
 */
export const harnessProfiles = {
  b281b09: { bos: 'never', seed: 42, shuffles: true, drawsSpare: false, mc2: 'before-first-false' },
  '0.4.0': { bos: 'never', seed: 1234, shuffles: false, drawsSpare: true, mc2: 'labels' },
  '0.4.9.2+': { bos: 'tokenizer', seed: 1234, shuffles: false, drawsSpare: true, mc2: 'labels' }
} as const satisfies Readonly<Record<string, HarnessProfile>>

/** Names of {@link harnessProfiles}. */
export type HarnessVersion = keyof typeof harnessProfiles
