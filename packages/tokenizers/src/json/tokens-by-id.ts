import type { TokenTable } from './token-table.js'

/**
 * The texts of ids. The index of all ids is built at the first call, and a text when its id is first needed.
 *
 * @param size one more than the largest id
 * @returns a function that gives the text of an id, undefined for an id without a token
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
