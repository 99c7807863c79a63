import { TemplateFault } from './template-fault.js'
import { trimBoth } from './white-space.js'

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz'

/**
 * `int(text, base)`; undefined where Python raises a ValueError. @throws TemplateFault for digits that are not ASCII
 */
export function readInteger(text: string, base: number): bigint | undefined {
  const trimmed = trimBoth(text)
  if (/\p{Nd}/u.test(trimmed.replace(/[0-9]/g, '')))
    throw new TemplateFault('digits of other scripts are not supported here')
  const parts = /^([+-]?)(0[box])?_?(\w+)$/i.exec(trimmed.toLowerCase())
  if (!parts || base < 2 || base > 36) return undefined
  const [, sign, prefix, body] = parts
  const ofPrefix = prefix === undefined ? undefined : { b: 2, o: 8, x: 16 }[prefix[1]]
  const digits = prefix !== undefined && ofPrefix !== base ? prefix + body : body
  if (prefix === undefined && trimmed.replace(/^[+-]/, '').startsWith('_')) return undefined
  if (!/^[0-9a-z]+(?:_[0-9a-z]+)*$/.test(digits) || digits.length > 4300) return undefined
  let value = 0n
  for (const digit of digits.replaceAll('_', '')) {
    const at = DIGITS.indexOf(digit)
    if (at >= base) return undefined
    value = value * BigInt(base) + BigInt(at)
  }
  return sign === '-' ? -value : value
}

/** `float(text)`; undefined where Python raises a ValueError. */
export function readFloat(text: string): number | undefined {
  const trimmed = trimBoth(text)
  if (/\p{Nd}/u.test(trimmed.replace(/[0-9]/g, '')))
    throw new TemplateFault('digits of other scripts are not supported here')
  const special = /^([+-]?)(inf(?:inity)?|nan)$/i.exec(trimmed)
  if (special) return special[2].toLowerCase() === 'nan' ? NaN : special[1] === '-' ? -Infinity : Infinity
  if (!/^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i.test(trimmed))
    return undefined
  return Number(trimmed.replaceAll('_', ''))
}
