/**
 * A number for a table: integers whole, others with four significant digits, very large and very small ones in powers
 * of ten.
 */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (Number.isInteger(value) && size < 1e9) return String(value)
  if (size >= 1e6 || size < 1e-4) return value.toExponential(2)
  return size >= 1000 ? value.toFixed(0) : value.toPrecision(4)
}

/** A token count: 512, 1k, 1.5k, 128k, 1M, in powers of 1024 where they are whole, otherwise the number itself. */
export function formatTokens(value: number): string {
  for (const [unit, suffix] of [
    [1024 ** 2, 'M'],
    [1024, 'k']
  ] as const) {
    if (value >= unit && (2 * value) % unit === 0) return `${value / unit}${suffix}`
  }
  return formatNumber(value)
}
