import { visible } from '@skipwise/core'
import type { Cell, Table } from '@skipwise/core'

/**
 * A table as CSV (RFC 4180): numbers in full, fields quoted where they must be. Control characters are made visible,
 * and no cell is a formula.
 */
export function toCsv({ headers, rows }: Table): string {
  const lines = [headers, ...rows].map(row => headers.map((_, column) => field(row[column] ?? '')).join(','))
  return `${lines.join('\r\n')}\r\n`
}

/**
 * Places where a spreadsheet would read a formula: at the start, and after a semicolon, which separates cells in some
 * countries.
 */
const FORMULA = /(^|;)\s*(?=[=+\-@＝＋－＠])/g

/**
 * Text that a spreadsheet would read as a formula gets an apostrophe, so that opening untrusted results runs nothing.
 */
function field(cell: Cell): string {
  const text = visible(String(cell))
  const safe = isNumber(cell) ? text : text.replace(FORMULA, "$&'")
  return /[",;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Whether a cell is a number, or a text that is one, such as `-1` or `1e-3`. */
const isNumber = (cell: Cell) => typeof cell === 'number' || /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(cell)
