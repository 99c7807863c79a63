import { visible, type Cell, type Table } from '@skipwise/core'
import { escapeMarkdown } from './escape.js'
import { ROWS_SHOWN } from './limits.js'
import { formatNumber } from './numbers.js'

/** Text of a cell. */
export const cellText = (cell: Cell): string => (typeof cell === 'number' ? formatNumber(cell) : cell)

/** Whether a column is aligned right: all its cells are numbers, or texts that begin like one ('95 %'). */
export const isNumeric = ({ rows }: Table, column: number): boolean =>
  rows.length > 0 && rows.every(row => typeof row[column] === 'number' || /^[-+]?\d/.test(String(row[column] ?? '')))

/**
 * A table as GitHub Markdown or as lines for a terminal, columns aligned in both.
 *
 * @example
 * ```ts
 * console.log(renderTable(['model', 'perplexity@512'], [['base', 5.31]], 'text'))
 * ```
 */
export function renderTable(
  headers: readonly string[],
  rows: readonly (readonly Cell[])[],
  format: 'markdown' | 'text' = 'markdown'
): string {
  const escape = format === 'markdown' ? escapeMarkdown : visible
  const lines = [headers, ...rows].map(row => headers.map((_, column) => escape(cellText(row[column] ?? ''))))
  const widths = headers.map((_, column) => lines.reduce((most, line) => Math.max(most, width(line[column])), 3))
  const right = headers.map((_, column) => isNumeric({ headers, rows }, column))
  const pad = (text: string, column: number) => {
    const space = ' '.repeat(widths[column] - width(text))
    return right[column] ? space + text : text + space
  }
  const [head, ...body] = lines.map(line => line.map(pad))
  if (format === 'text') {
    return [head, widths.map(n => '─'.repeat(n)), ...body].map(line => line.join('  ').trimEnd()).join('\n')
  }
  const rule = widths.map((n, column) => (right[column] ? `${'-'.repeat(n - 1)}:` : '-'.repeat(n)))
  return [head, rule, ...body].map(line => `| ${line.join(' | ')} |`).join('\n')
}

/** The part of a table that a page shows, and the note about the rest. */
export function shownRows<Each extends Table>(table: Each): { table: Each; note: string } {
  const all = table.rows.length
  if (all <= ROWS_SHOWN) return { table, note: '' }
  return { table: { ...table, rows: table.rows.slice(0, ROWS_SHOWN) }, note: `The first ${ROWS_SHOWN} of ${all} rows.` }
}

/** Characters, not UTF-16 units. */
const width = (text: string) => [...text].length
