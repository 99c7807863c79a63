/**
 * The first key that stands twice in one object of a valid JSON text, at any depth. `JSON.parse` keeps the last of such keys in silence,
 * and two readers that choose differently would see different tensors.
 */
export function duplicateKey(json: string): string | undefined {
  const objects: (Set<string> | undefined)[] = []
  // The tokens that matter: strings with what follows them, and brackets. Strings are consumed whole, so brackets in them do not count.
  for (const [token, string, colon] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*(:?)|[{}[\]]/gs)) {
    if (token === '{') objects.push(new Set())
    else if (token === '[') objects.push(undefined)
    else if (token === '}' || token === ']') objects.pop()
    else if (colon) {
      const key = JSON.parse(string) as string, keys = objects.at(-1)
      if (keys?.has(key)) return key
      keys?.add(key)
    }
  }
  return undefined
}
