import { renderTable } from '@skipwise/report'
import type { MemoryPlan } from '@skipwise/training'
import { colours } from './colours.js'
import type { Terminal } from './terminal.js'

const WIDEST = 10

/** Prints what a training run will take, by strategy, and which is chosen. */
export function showPlan(
  { process, weights, optimizer, gradients, strategies, machine, limit, chosen, reason }: MemoryPlan,
  { say }: Terminal
): void {
  say(
    `\n${colours.bold('Memory plan')}, GB, of ${gigabytes(limit)} to use (the machine has ${gigabytes(machine.total)}, ${gigabytes(machine.available)} of them available)`
  )
  say(
    renderTable(
      ['strategy', 'process', 'weights', 'optimizer', 'gradients', 'activations', 'peak', ''],
      Object.entries(strategies).map(([name, { activations, peak }]) => [
        name,
        ...[process, weights, optimizer, gradients, activations, peak].map(gigabytes),
        name === chosen ? 'chosen' : peak > limit ? 'too large' : ''
      ]),
      'text'
    )
  )
  say(`${chosen ?? 'It does not fit'}: ${reason}\n`)
}

const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(bytes < WIDEST * 1e9 ? 3 : 1)
