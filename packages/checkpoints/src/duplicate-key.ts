/** Number of keys that are compared one by one; an object with more gets a set. */
const FEW = 8

/** Keys of an object that is open. */
interface Keys {
  few: string[]
  many: Set<string> | undefined
}

/**
 * The first key that appears twice in one object of a valid JSON text, at any depth. `JSON.parse` silently keeps the
 * last one, and two readers that choose differently would see different tensors.
 */
export function duplicateKey(json: string): string | undefined {
  const open: (Keys | undefined)[] = []
  for (let at = 0; at < json.length; at++) {
    const character = json[at]
    if (character === '{') open.push({ few: [], many: undefined })
    else if (character === '[') open.push(undefined)
    else if (character === '}' || character === ']') open.pop()
    else if (character === '"') {
      // strings are consumed whole, so brackets in them do not count
      const end = stringEnd(json, at)
      const keys = open.at(-1)
      if (keys !== undefined && isKey(json, end)) {
        const key = keyOf(json, at, end)
        if (add(keys, key)) return key
      }
      at = end - 1
    }
  }
  return undefined
}

/** The end of a string that begins at `start`: the offset after its closing quotation mark. */
function stringEnd(json: string, start: number): number {
  let end = json.indexOf('"', start + 1)
  while (end > 0 && isEscaped(json, end)) end = json.indexOf('"', end + 1)
  return end < 0 ? json.length : end + 1
}

function isEscaped(json: string, at: number): boolean {
  let backslashes = 0
  while (json[at - 1 - backslashes] === '\\') backslashes++
  return backslashes % 2 === 1
}

function isKey(json: string, end: number): boolean {
  let at = end
  while (json[at] === ' ' || json[at] === '\n' || json[at] === '\r' || json[at] === '\t') at++
  return json[at] === ':'
}

function keyOf(json: string, start: number, end: number): string {
  const text = json.slice(start + 1, end - 1)
  return text.includes('\\') ? String(JSON.parse(json.slice(start, end))) : text
}

/** Adds a key and returns whether it was there. */
function add(keys: Keys, key: string): boolean {
  if (keys.many !== undefined) {
    if (keys.many.has(key)) return true
    keys.many.add(key)
    return false
  }
  if (keys.few.includes(key)) return true
  keys.few.push(key)
  if (keys.few.length > FEW) keys.many = new Set(keys.few)
  return false
}
