import type { Budget } from './budget.js'
import { lengthOfText, type Call, type Value } from './values.js'
import { numberIn, toFloat } from './arithmetic.js'
import { roundedDigits } from './printf.js'
import { TemplateFault } from './template-fault.js'
import { represent, writeInteger, writeValue } from './write-values.js'

const FIELD = /\{\{|\}\}|\{([^{}!:]*)(?:!([rsa]))?(?::([^{}]*))?\}|[{}]/g
const SPEC = /^(?:([^])?([<>=^]))?([-+ ])?(0)?(\d+)?(,)?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/u

/**
 * `text.format(…)` of fields that are places or names. @throws TemplateFault for what Python refuses, and for what is
 * not read here
 */
export function formatText(text: string, { args, named, budget }: Call): string {
  let next = 0
  const formatted = text.replace(
    FIELD,
    (whole, field: string | undefined, conversion: string | undefined, spec: string | undefined) => {
      budget.step()
      if (whole === '{{' || whole === '}}') return whole[0]
      if (field === undefined) throw new TemplateFault(`a format has a single '${whole}'`)
      if (!/^\w*$/.test(field) || conversion === 'a')
        throw new TemplateFault(`the field ${whole} is not supported here`)
      const value = field === '' ? args[next++] : /^\d+$/.test(field) ? args[Number(field)] : named.get(field)
      if (value === undefined) throw new TemplateFault(`there is no value for the field ${whole}`)
      const written =
        conversion === 'r' ? represent(value, budget) : conversion === 's' ? writeValue(value, budget) : value
      return spec ? formatValue(written, spec, budget) : writeValue(written, budget)
    }
  )
  return budget.made(formatted)
}

function formatValue(value: Value, spec: string, budget: Budget): string {
  const parts = SPEC.exec(spec)
  if (!parts) throw new TemplateFault(`the format '${spec}' is not supported here`)
  const [, fillCharacter, align, sign, zero, width, comma, precision, type] = parts
  const wide = width === undefined ? 0 : Number(width)
  budget.make(wide)
  const fill = fillCharacter ?? (zero ? '0' : ' ')
  if (typeof value === 'string') {
    if (sign || comma || zero || align === '=' || (type && type !== 's'))
      throw new TemplateFault(`the format '${spec}' is not for str`)
    const cut = precision === undefined ? value : Array.from(value).slice(0, Number(precision)).join('')
    return aligned(cut, '', align ?? '<', fill, wide)
  }
  const number = typeof value === 'boolean' ? undefined : numberIn(value)
  if (number === undefined) throw new TemplateFault(`the format '${spec}' is not supported here for such a value`)
  const negative = number < 0 || Object.is(number, -0)
  const digits = numberDigits(number, precision, type, spec, budget)
  const grouped = comma ? digits.replace(/\B(?<!\.\d*)(?=(?:\d{3})+(?!\d))/g, ',') : digits
  if (comma && zero) throw new TemplateFault(`the format '${spec}' is not supported here`)
  const before = negative ? '-' : sign === '+' || sign === ' ' ? sign : ''
  return aligned(grouped, before, align ?? (zero ? '=' : '>'), fill, wide)
}

function numberDigits(
  number: bigint | number,
  precision: string | undefined,
  type: string | undefined,
  spec: string,
  budget: Budget
): string {
  if (type === 'f' || type === 'F') {
    const float = Math.abs(toFloat(number))
    if (Number.isFinite(float)) return roundedDigits(float, precision === undefined ? 6 : Number(precision))
  } else if (typeof number === 'bigint' && precision === undefined) {
    const size = number < 0n ? -number : number
    if (type === undefined || type === 'd') return writeInteger(size, budget)
    if (type === 'x') return size.toString(16)
    if (type === 'X') return size.toString(16).toUpperCase()
  }
  throw new TemplateFault(`the format '${spec}' is not supported here`)
}

function aligned(text: string, sign: string, align: string, fill: string, width: number): string {
  const missing = Math.max(0, width - lengthOfText(sign + text))
  if (align === '=') return sign + fill.repeat(missing) + text
  const left = align === '<' ? 0 : align === '>' ? missing : Math.floor(missing / 2)
  return fill.repeat(left) + sign + text + fill.repeat(missing - left)
}
