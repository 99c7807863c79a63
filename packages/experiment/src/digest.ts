import { createHash } from 'node:crypto'

/** sha256 of a value as JSON with sorted keys. */
export const digestOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(sorted(value))).digest('hex')

/** sha256 of named tensors, in order of names. */
export function digestOfWeights(weights: ReadonlyMap<string, Float32Array>): string {
  const hash = createHash('sha256')
  for (const name of [...weights.keys()].sort()) {
    const { buffer, byteOffset, byteLength } = weights.get(name) as Float32Array
    hash.update(`${name} ${byteLength} `).update(new Uint8Array(buffer, byteOffset, byteLength))
  }
  return hash.digest('hex')
}

function sorted(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array)
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]))
}
