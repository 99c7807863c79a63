import type { Budget } from './budget.js'
import { TemplateFault } from './template-fault.js'
import { Dict, lengthOfText, Tuple, typeName, type Value } from './values.js'
import { calculate, numberIn, toFloat } from './arithmetic.js'
import { represent, writeInteger, writeValue } from './write-values.js'

const CONVERSION = /%(?:\(([^()]*)\))?([-+ 0#]*)(\d+|\*)?(?:\.(\d+|\*)?)?([hlL])?([^])?/gu

/** `template % values`. @throws TemplateFault for what Python refuses, and for flags that are not supported here */
export function printf(template: string, values: Value, budget: Budget): string {
  const positional = values instanceof Tuple ? values.items : [values]
  let used = 0
  let byName = false
  const next = (): Value => {
    if (used >= positional.length) throw new TemplateFault('not enough arguments for format string')
    return positional[used++]
  }
  const text = template.replace(
    CONVERSION,
    (
      whole,
      name: string | undefined,
      flags: string,
      width: string | undefined,
      precision: string | undefined,
      _size: string | undefined,
      type: string | undefined
    ) => {
      budget.step()
      if (type === '%' && whole === '%%') return '%'
      if (type === undefined) throw new TemplateFault('incomplete format')
      if (width === '*' || precision === '*' || flags.includes('#'))
        throw new TemplateFault(`the format ${whole} is not supported here`)
      let value: Value
      if (name === undefined) value = next()
      else {
        if (!(values instanceof Dict)) throw new TemplateFault('format requires a mapping')
        const named = values.get(name)
        if (named === undefined) throw new TemplateFault(`there is no '${name}' to format`)
        value = named
        byName = true
      }
      const digits =
        whole.includes('.') && precision === undefined ? 0 : precision === undefined ? undefined : Number(precision)
      const wide = width === undefined ? 0 : Number(width)
      budget.make(wide + (digits ?? 0))
      return padded(convert(type, value, digits, flags, budget), wide, flags, type)
    }
  )
  if (!byName && used < positional.length && !(values instanceof Dict))
    throw new TemplateFault('not all arguments converted during string formatting')
  return budget.made(text)
}

function convert(type: string, value: Value, precision: number | undefined, flags: string, budget: Budget): string {
  const cut = (text: string) => (precision === undefined ? text : Array.from(text).slice(0, precision).join(''))
  if (type === 's') return cut(writeValue(value, budget))
  if (type === 'r') return cut(represent(value, budget))
  const number = numberIn(value)
  if (number === undefined) throw new TemplateFault(`%${type} format: a number is required, not ${typeName(value)}`)
  if (type === 'd' || type === 'i' || type === 'u') {
    const whole = typeof number === 'bigint' ? number : BigInt(Math.trunc(finite(number)))
    const digits = writeInteger(whole < 0n ? -whole : whole, budget).padStart(precision ?? 0, '0')
    return signed(digits, whole < 0n, flags)
  }
  if (type === 'f' || type === 'F') return fixed(toFloat(number), precision ?? 6, flags)
  if (type === 'x' || type === 'X') {
    if (typeof number !== 'bigint') throw new TemplateFault('%x format: an integer is required')
    const hex = (number < 0n ? -number : number).toString(16)
    return signed(type === 'X' ? hex.toUpperCase() : hex, number < 0n, flags)
  }
  throw new TemplateFault(`the format %${type} is not supported here`)
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new TemplateFault('cannot convert float infinity or NaN to integer')
  return value
}

const signed = (digits: string, negative: boolean, flags: string): string =>
  (negative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '') + digits

function fixed(value: number, precision: number, flags: string): string {
  if (!Number.isFinite(value)) throw new TemplateFault('a float that is not finite is not formatted here')
  return signed(roundedDigits(Math.abs(value), precision), value < 0 || Object.is(value, -0), flags)
}

/** A float ≥ 0 with `precision` digits after the point, rounded as Python does: exactly, and ties to the even digit. */
export function roundedDigits(value: number, precision: number): string {
  if (value >= 1e21) {
    const whole = String(BigInt(value))
    return precision > 0 ? `${whole}.${'0'.repeat(precision)}` : whole
  }
  if (precision > 99) throw new TemplateFault('more than 99 digits are not written here')
  const text = value.toFixed(precision)
  const exact = value.toFixed(100)
  const point = exact.indexOf('.')
  const rest = exact.slice(point + 1 + precision)
  if (!/^50*$/.test(rest)) return text
  // toFixed takes the larger of the two
  const down = exact.slice(0, precision > 0 ? point + 1 + precision : point)
  return Number(down[down.length - 1]) % 2 === 0 ? down : text
}

function padded(text: string, width: number, flags: string, type: string): string {
  const missing = width - lengthOfText(text)
  if (missing <= 0) return text
  if (flags.includes('-')) return text + ' '.repeat(missing)
  if (!flags.includes('0') || type === 's' || type === 'r') return ' '.repeat(missing) + text
  const sign = /^[-+ ]/.exec(text)?.[0] ?? ''
  return sign + '0'.repeat(missing) + text.slice(sign.length)
}

/** `round(value, precision)`: an int stays one. */
export function roundNumber(value: bigint | number, precision: bigint): bigint | number {
  if (typeof value === 'bigint') {
    if (precision >= 0n) return value
    const unit = calculate('**', 10n, -precision)
    if (typeof unit !== 'bigint') throw new TemplateFault('a number cannot be rounded so')
    const below = calculate('//', value, unit)
    if (typeof below !== 'bigint') throw new TemplateFault('a number cannot be rounded so')
    const rest = value - below * unit
    const up = rest * 2n > unit || (rest * 2n === unit && below % 2n !== 0n)
    return (up ? below + 1n : below) * unit
  }
  if (!Number.isFinite(value) || precision > 99n) return value
  if (precision < 0n) {
    const whole = roundNumber(BigInt(Math.trunc(value)), precision)
    if (Number.isInteger(value)) return Number(whole)
    throw new TemplateFault('a fraction is not rounded to tens here')
  }
  const rounded = Number(roundedDigits(Math.abs(value), Number(precision)))
  return value < 0 || Object.is(value, -0) ? -rounded : rounded
}
