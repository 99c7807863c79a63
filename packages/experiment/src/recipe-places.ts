import { isAlias, isMap, isNode, isScalar, isSeq, type Document, type Node, type Pair, type YAMLMap } from 'yaml'

/** Keys and indices from the root of a recipe to a value. */
export type RecipePath = readonly PropertyKey[]

/**
 * Where a value is in the text, or the key `key` of the map there; for a missing value, the nearest one that is there.
 */
export function offsetOf(document: Document, path: RecipePath, key?: string): number {
  let node: Node | null = isNode(document.contents) ? document.contents : null
  let start = node?.range?.[0] ?? 0
  for (const [i, part] of [...path, ...(key === undefined ? [] : [key])].entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null
    const isKey = key !== undefined && i === path.length
    if (isMap(node)) {
      const pair = findPair(document, node, String(part))
      if (!pair) break
      if (isNode(pair.key)) start = pair.key.range?.[0] ?? start
      if (isKey) break
      node = isNode(pair.value) ? pair.value : null
      if (isScalar(node) && node.range) start = node.range[0]
    } else if (isSeq(node) && typeof part === 'number') {
      const item = node.items[part]
      node = isNode(item) ? item : null
      start = node?.range?.[0] ?? start
    } else break
  }
  return start
}

/** The text of a key; the parser makes a symbol of `<<`. */
const keyOf = ({ key }: Pair) =>
  !isScalar(key) ? undefined : typeof key.value === 'symbol' ? key.value.description : String(key.value)

/** The pair of a key, also of a map that is merged in by `<<`; the map's own keys go before those. */
function findPair(document: Document, map: YAMLMap, key: string, depth = 0): Pair | undefined {
  const own = map.items.find(item => keyOf(item) === key)
  if (own || depth > 20) return own
  for (const { value } of map.items.filter(item => keyOf(item) === '<<')) {
    const merged = isSeq(value) ? value.items : [value]
    for (const each of merged) {
      const target = isAlias(each) ? each.resolve(document) : each
      const found = isMap(target) ? findPair(document, target, key, depth + 1) : undefined
      if (found) return found
    }
  }
  return undefined
}
