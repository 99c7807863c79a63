/** A cell of a {@link Table}; whoever shows it formats numbers. */
export type Cell = string | number

/** Rows under headers, which `@skipwise/report` shows as Markdown, as text and as CSV. */
export interface Table {
  readonly headers: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}
