import type { Budget } from './budget.js'
import { TemplateFault } from './template-fault.js'
import { typeName, Range, Tuple, type Value } from './values.js'
import { isList } from './write-values.js'

/** `value[start:stop:step]` of a list, tuple, string or range. @throws TemplateFault */
export function sliceOf(value: Value, bounds: readonly (Value | undefined)[], budget: Budget): Value {
  const [start, stop, step = 1] = bounds.map(boundOf)
  if (step === 0) throw new TemplateFault('slice step cannot be zero')
  const pick = <T>(items: readonly T[]): T[] => {
    budget.step(Math.ceil(items.length / 16))
    return indices(items.length, start, stop, step).map(i => items[i])
  }
  if (typeof value === 'string') {
    if (step === 1 && !/[\ud800-\udfff]/.test(value)) return budget.made(value.slice(start ?? 0, stop))
    return budget.made(pick(Array.from(value)).join(''))
  }
  if (isList(value)) return pick(value)
  if (value instanceof Tuple) return new Tuple(pick(value.items))
  if (value instanceof Range) throw new TemplateFault('a range is not sliced here: make a list of it')
  throw new TemplateFault(`'${typeName(value)}' object cannot be sliced here`)
}

function boundOf(bound: Value | undefined): number | undefined {
  if (bound === undefined || bound === null) return undefined
  if (typeof bound === 'boolean') return Number(bound)
  if (typeof bound !== 'bigint') throw new TemplateFault('slice indices must be integers or None')
  return Number(bound)
}

function indices(length: number, start: number | undefined, stop: number | undefined, step: number): number[] {
  const low = step < 0 ? -1 : 0
  const high = step < 0 ? length - 1 : length
  const clamp = (at: number) => Math.min(high, Math.max(low, at < 0 ? at + length : at))
  const from = start === undefined ? (step < 0 ? high : low) : clamp(start)
  const to = stop === undefined ? (step < 0 ? low : high) : clamp(stop)
  const picked: number[] = []
  for (let i = from; step > 0 ? i < to : i > to; i += step) picked.push(i)
  return picked
}
