/** Rows that are open at once: more would fill them better and hold documents back longer. */
const OPEN_ROWS = 64

/**
 * Puts documents into rows of `capacity` tokens, whole: each goes, in the given order, into the fullest row that still
 * holds it. A document of `capacity` tokens or more has a row of its own.
 *
 * @param lengths tokens of every document
 * @returns for every row the indices of its documents, each index once
 */
export function packRows(lengths: ArrayLike<number>, capacity: number): number[][] {
  const rows: number[][] = []
  let open: { readonly items: number[]; room: number }[] = []
  for (let index = 0; index < lengths.length; index++) {
    const length = lengths[index]
    let best: (typeof open)[number] | undefined
    for (const row of open) if (row.room >= length && (!best || row.room < best.room)) best = row
    if (best) best.items.push(index)
    else open.push((best = { items: [index], room: capacity }))
    best.room -= length
    if (best.room <= 0) close(best)
    else if (open.length > OPEN_ROWS) close(open.reduce((fullest, row) => (row.room < fullest.room ? row : fullest)))
  }
  for (const { items } of open) rows.push(items)
  return rows

  function close(row: (typeof open)[number]): void {
    rows.push(row.items)
    open = open.filter(other => other !== row)
  }
}
