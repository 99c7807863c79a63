/** Pieces that are remembered: with their ids some megabytes. */
const MOST = 4096

/**
 * An encoder that remembers what it has encoded last: texts that begin alike (the choices of a question behind one prompt) cost as much as what
 * sets them apart.
 */
export function rememberPieces(encode: (piece: string) => readonly number[]): (piece: string) => readonly number[] {
  const known = new Map<string, readonly number[]>()
  return piece => {
    const found = known.get(piece)
    if (found) return found
    const ids = encode(piece)
    if (known.size === MOST) known.delete(known.keys().next().value as string)
    known.set(piece, ids)
    return ids
  }
}
