import type { Table } from './table.js'

/** A table as CSV (RFC 4180): numbers in full, fields quoted where they must be. */
export function toCsv({ headers, rows }: Table): string {
  return [headers, ...rows].map(row => headers.map((_, column) => field(String(row[column] ?? ''))).join(',')).join('\r\n') + '\r\n'
}

/** Texts that a spreadsheet would take for a formula get an apostrophe, so that opening a stranger's results runs nothing. */
function field(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !Number.isFinite(Number(text)) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
