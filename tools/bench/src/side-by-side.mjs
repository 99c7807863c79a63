// What benchmarks against another process share.
import { execFileSync } from 'node:child_process'

/** The JSON document on the last line that a program prints. */
export const json = (file, args) => JSON.parse(execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim().split('\n').at(-1))

export const median = numbers => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
