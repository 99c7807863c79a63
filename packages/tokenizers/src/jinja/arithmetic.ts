import type { Value } from './values.js'
import type { Operator } from './nodes.js'
import { TemplateFault } from './template-fault.js'

type Numeric = bigint | number

/** int, float or bool as a number; undefined for others. */
export function numberIn(value: Value): Numeric | undefined {
  if (typeof value === 'boolean') return BigInt(value)
  return typeof value === 'bigint' || typeof value === 'number' ? value : undefined
}

/** Of a bigint and a number JavaScript tells by these exactly, as Python does. */
export const areEqual = (a: Numeric, b: Numeric): boolean => a <= b && a >= b

/** Bits that an integer may have: far more than a text needs. */
const MAX_BITS = 1 << 16

const bitsOf = (value: bigint): number => (value < 0n ? -value : value).toString(16).length * 4

/** Arithmetic of int and float, as Python has it. */
export function calculate(operator: Operator, a: Numeric, b: Numeric): Numeric {
  if ((operator === '/' || operator === '//' || operator === '%') && areEqual(b, 0))
    throw new TemplateFault('division by zero')
  if (typeof a === 'bigint' && typeof b === 'bigint') return integers(operator, a, b)
  return floats(operator, toFloat(a), toFloat(b))
}

/** `float(int)`. */
export function toFloat(value: Numeric): number {
  const float = Number(value)
  if (typeof value === 'bigint' && !Number.isFinite(float)) throw new TemplateFault('int too large to convert to float')
  return float
}

function integers(operator: Operator, a: bigint, b: bigint): Numeric {
  if (bitsOf(a) + bitsOf(b) > MAX_BITS) throw new TemplateFault('integers are too large')
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/': {
      if (!Number.isSafeInteger(Number(a)) || !Number.isSafeInteger(Number(b)))
        throw new TemplateFault('integers beyond 2^53 are not divided here')
      return Number(a) / Number(b)
    }
    case '//':
      return floorDivision(a, b)
    case '%':
      return a - floorDivision(a, b) * b
    case '**': {
      if (b < 0n) return floats(operator, toFloat(a), toFloat(b))
      if (bitsOf(a) * Number(b) > MAX_BITS) throw new TemplateFault('a power is too large')
      return a ** b
    }
  }
}

function floorDivision(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return quotient * b !== a && a < 0n !== b < 0n ? quotient - 1n : quotient
}

function floats(operator: Operator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / b
    case '//':
      return Math.floor((a - floatRemainder(a, b)) / b + 0.5)
    case '%':
      return floatRemainder(a, b)
    case '**': {
      const power = a ** b
      if (a === 0 && b < 0) throw new TemplateFault('0.0 cannot be raised to a negative power')
      if (
        (Number.isNaN(power) && !Number.isNaN(a + b)) ||
        (!Number.isFinite(power) && Number.isFinite(a) && Number.isFinite(b))
      )
        throw new TemplateFault('a power is not a real number that a float holds')
      return power
    }
  }
}

/** The remainder has the sign of the divisor. */
function floatRemainder(a: number, b: number): number {
  const rest = a % b
  if (rest === 0) return b < 0 ? -0 : 0
  return rest < 0 !== b < 0 ? rest + b : rest
}
