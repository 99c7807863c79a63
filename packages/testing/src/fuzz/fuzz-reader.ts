import fc from 'fast-check'
import { isSkipwiseError } from '@skipwise/core'
import { Worker } from 'node:worker_threads'
import { mutations } from './mutations.js'

/** What a reader of files is held to. */
export interface ReaderFuzzing {
  /** Valid files; each mutated one begins as one of them. */
  readonly files: readonly Uint8Array[]
  /**
   * Reads a mutated file, in steps: memory and time are looked at after each. It may throw what has a code, and nothing
   * else.
   */
  readonly read: (mutated: Uint8Array) => AsyncIterable<unknown>
  /** Mutated files to read; default SKIPWISE_FUZZ_RUNS, or else 300. */
  readonly runs?: number
  /**
   * Of the mutations; default SKIPWISE_FUZZ_SEED, or else 1. Where SKIPWISE_FUZZ_RUNS asks for more files, they are
   * others every time.
   */
  readonly seed?: number | undefined
  /** Bytes that a step may allocate in array buffers for each byte of the file; default 2. */
  readonly allocationFactor?: number
  /** Seconds that a step may take; default 5. One that takes 12 times as long ends the process. */
  readonly stepSeconds?: number
}

/** What a fuzzing run saw. */
export interface FuzzReport {
  readonly runs: number
  /** Files that were read to their end. */
  readonly accepted: number
  /** Files by the code that they were refused with. */
  readonly refused: Readonly<Record<string, number>>
  /** Most bytes that a step allocated beyond those of its file. */
  readonly largestAllocation: number
  /** Seconds of the slowest step. */
  readonly slowestStep: number
}

/** What Node itself allocates to read a file, whatever its size: a pool of buffers, streams. */
const NODE_BYTES = 1 << 18

/**
 * Reads mutated files and holds the reader to three promises: every failure is an error with a code, no step allocates
 * more than a multiple of the file's size in array buffers (also when memory is only reserved), none takes long. A
 * failure shows the seed that leads to it and the file in base64, also when a step never ends: the process is killed
 * then, as nothing in its thread could stop it.
 *
 * @throws an `Error` by fast-check that describes the smallest failing file
 */
export async function fuzzReader({
  files,
  read,
  runs = fuzzRuns(),
  seed = fuzzSeed(),
  allocationFactor = 2,
  stepSeconds = 5
}: ReaderFuzzing): Promise<FuzzReport> {
  let accepted = 0
  let largestAllocation = 0
  let slowestStep = 0
  const refused: Record<string, number> = {}
  const watchdog = watch(12 * stepSeconds, seed)
  const property = fc.asyncProperty(fc.nat(files.length - 1), mutations(files), async (which, mutate) => {
    const mutated = mutate(files[which])
    watchdog.reads(mutated)
    const most = allocationFactor * mutated.length + NODE_BYTES
    let buffers = process.memoryUsage().arrayBuffers
    let started = performance.now()
    const step = () => {
      watchdog.step()
      const now = process.memoryUsage().arrayBuffers
      const seconds = (performance.now() - started) / 1000
      const allocated = now - buffers
      largestAllocation = Math.max(largestAllocation, allocated - mutated.length)
      slowestStep = Math.max(slowestStep, seconds)
      if (allocated > most) throw new BrokenPromise(`a step allocated ${allocated} bytes`, mutated)
      if (seconds > stepSeconds) throw new BrokenPromise(`a step took ${seconds.toFixed(1)} s`, mutated)
      buffers = process.memoryUsage().arrayBuffers
      started = performance.now()
    }
    try {
      for await (const _ of read(mutated)) step()
      step()
      accepted++
    } catch (error) {
      if (error instanceof BrokenPromise) throw error
      if (!isSkipwiseError(error))
        throw new BrokenPromise(`an error without a code: ${String((error as Error).stack ?? error)}`, mutated)
      step()
      refused[error.code] = (refused[error.code] ?? 0) + 1
    }
  })
  try {
    await fc.assert(property, { seed, numRuns: runs, includeErrorInReport: true })
  } finally {
    await watchdog.end()
  }
  return { runs, accepted, refused, largestAllocation, slowestStep }
}

/** Number of mutated files: SKIPWISE_FUZZ_RUNS, or else 300. */
export const fuzzRuns = (): number => Number(process.env['SKIPWISE_FUZZ_RUNS'] ?? 300)

function fuzzSeed(): number {
  const { SKIPWISE_FUZZ_SEED: seed, SKIPWISE_FUZZ_RUNS: more } = process.env
  if (seed !== undefined) return Number(seed)
  return more === undefined ? 1 : Date.now() % 2 ** 31
}

/** Bytes of a file that a failure shows. */
const SHOWN = 3000

/** Runs in a thread of its own: the process has done the same number of steps after the time of one. */
const WATCHDOG = `
const { workerData: { steps, length, file, seconds, seed } } = require('node:worker_threads')
let before = -1
setInterval(() => {
  const now = Atomics.load(steps, 0)
  if (now !== before) return before = now
  const text = Buffer.from(file.slice(0, Math.min(length[0], file.length))).toString('base64')
  const problem = 'a step did not end in ' + seconds + ' s (seed ' + seed + ')\\nfor a file of ' + length[0] + ' bytes: ' + text
  require('node:fs').writeSync(2, 'fuzzReader: ' + problem + '\\n')
  process.kill(process.pid, 'SIGKILL')
}, seconds * 1000)`

/** Ends the process, saying what it reads, when no step ends in that many seconds. */
function watch(seconds: number, seed: number) {
  const steps = new Int32Array(new SharedArrayBuffer(4))
  const length = new Uint32Array(new SharedArrayBuffer(4))
  const file = new Uint8Array(new SharedArrayBuffer(SHOWN))
  const worker = new Worker(WATCHDOG, { eval: true, workerData: { steps, length, file, seconds, seed } })
  worker.unref()
  return {
    reads(mutated: Uint8Array) {
      length[0] = mutated.length
      file.set(mutated.subarray(0, SHOWN))
      Atomics.add(steps, 0, 1)
    },
    step() {
      Atomics.add(steps, 0, 1)
    },
    end: () => worker.terminate()
  }
}

class BrokenPromise extends Error {
  constructor(problem: string, file: Uint8Array) {
    super(`${problem}\nfor a file of ${file.length} bytes: ${Buffer.from(file.subarray(0, SHOWN)).toString('base64')}`)
  }
}
