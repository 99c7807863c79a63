import type { z } from 'zod'

/** A question of a benchmark, as the harness asks it, without few-shot examples. */
export interface Question {
  /** Text before the answer: one for all choices, or one for each choice. */
  readonly contexts: readonly string[]
  /** Text that is scored after it, without the space between: one for each choice, or one for all. */
  readonly continuations: readonly string[]
  /** Index of the right choice. */
  readonly gold: number
  /** 1 for every true choice, where there may be several. */
  readonly labels?: readonly number[]
}

/** How choices become a number between 0 and 1. */
export type Metric = 'acc' | 'acc_norm' | 'mc2'

/**
 * A benchmark of lm-evaluation-harness: everything that sets it apart from the others. A new one is a file in `tasks/`
 * and its name in `tasks/index.ts`.
 */
export interface BenchmarkTask<Row extends z.ZodType = z.ZodType> {
  readonly name: string
  /** What it asks, for people. */
  readonly summary: string
  /** The task's version in the harness. */
  readonly version: number
  /** Where its data are on the Hugging Face hub; `training` is missing where there are no few-shot examples. */
  readonly hub: { readonly dataset: string; readonly evaluation: string; readonly training?: string }
  /** Few-shot examples where the configuration says nothing: what PoSE's Table 3 and the Open LLM Leaderboard used. */
  readonly shots: number
  /**
   * Whether one example more is drawn, and the question itself left out (the harness does where a task names no test
   * split).
   */
  readonly drawsSpare: boolean
  readonly metrics: readonly Metric[]
  /** What a record must have. */
  readonly row: Row
  question(row: z.output<Row>): Question
}

/** Gives {@link BenchmarkTask.question} the type of its row. */
export const defineTask = <Row extends z.ZodType>(task: BenchmarkTask<Row>): BenchmarkTask<Row> => Object.freeze(task)
