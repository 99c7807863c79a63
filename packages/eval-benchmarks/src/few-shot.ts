import { isDeepStrictEqual } from 'node:util'
import type { HarnessProfile } from './profiles.js'
import { PythonRandom } from './python/random.js'

/** A question by its place in the data, and its examples by theirs. */
export interface Draw {
  readonly index: number
  readonly examples: readonly number[]
}

/** How {@link drawFewShots} draws. */
export interface FewShotOptions {
  readonly profile: HarnessProfile
  readonly shots: number
  /** Whether the task asks for a spare example; see `BenchmarkTask.drawsSpare`. */
  readonly drawsSpare: boolean
  /** Only so many questions, the first. */
  readonly limit?: number | undefined
}

/**
 * Which questions are asked, in which order, each with which examples: one generator a task, used by the questions in
 * turn, so that a question's examples depend on how many were drawn before.
 *
 * @param questions the questions' records
 * @param training the examples' records, at least `shots` + 1
 */
export function* drawFewShots(
  questions: readonly unknown[],
  training: readonly unknown[],
  { profile, shots, drawsSpare, limit = questions.length }: FewShotOptions
): Generator<Draw> {
  const random = new PythonRandom(profile.seed)
  const order = questions.map((_, i) => i)
  if (profile.shuffles) random.shuffle(order)
  for (const index of order.slice(0, limit)) {
    if (shots === 0) yield { index, examples: [] }
    else if (!profile.drawsSpare || !drawsSpare) yield { index, examples: random.sample(training.length, shots) }
    else yield { index, examples: withoutItself(questions[index], training, shots, random) }
  }
}

/**
 * One more than asked for, less the question itself; all drawn again where it stood in the data, and so in the draw,
 * more than once.
 */
function withoutItself(question: unknown, training: readonly unknown[], shots: number, random: PythonRandom): number[] {
  const other = (i: number) => !isDeepStrictEqual(training[i], question)
  const drawn = random.sample(training.length, shots + 1).filter(other)
  if (drawn.length >= shots) return drawn.slice(0, shots)
  const pool = training.flatMap((_, i) => (other(i) ? [i] : []))
  return random.sample(pool.length, shots).map(i => pool[i])
}
