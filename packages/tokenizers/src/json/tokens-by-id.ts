import type { TokenTable } from './token-table.js'

/**
 * The texts of ids. A list of where each stands is made at the first, and a text when its id comes first.
 *
 * @param size one more than the largest id
 * @returns undefined for an id that no token has
 */
export function tokensById(table: TokenTable, size: number): (id: number) => string | undefined {
  const texts = new Map<number, string>()
  let places: Int32Array | undefined
  const makePlaces = () => {
    const made = new Int32Array(size)
    for (let at = 0; at < table.size; at++) made[table.idAt(at)] = at + 1
    return made
  }
  return id => {
    places ??= makePlaces()
    const known = texts.get(id)
    if (known !== undefined) return known
    const place: number | undefined = places[id]
    if (!place) return undefined
    const text = table.textAt(place - 1)
    texts.set(id, text)
    return text
  }
}
