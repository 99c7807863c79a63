/** How the records of a file are found. */
export type FileKind = 'lines' | 'json' | 'parquet' | 'text' | 'unknown' | 'unread'

/** Endings of text, of which a file may begin with a bracket. */
const TEXT = /\.(txt|text|md|markdown|rst|html?|tex|csv|tsv|log)$/
const UNREAD =
  /\.(parquet|arrow|feather|zip|tar|tgz|bz2|xz|7z|rar|lz4|bin|pt|pth|safetensors|gguf|npy|npz|pkl|pdf|docx?|png|jpe?g|gif|webp|mp[34]|wav)$/

/** What a file holds, by its name in any letter case, without `.gz` and `.zst`. */
export function kindOf(file: string): FileKind {
  const name = file.toLowerCase()
  if (name.endsWith('.parquet')) return 'parquet'
  const inner = name.replace(/\.(gz|zst)$/, '')
  if (/\.(jsonl|ndjson)$/.test(inner)) return 'lines'
  if (inner.endsWith('.json')) return 'json'
  if (UNREAD.test(inner)) return 'unread'
  return TEXT.test(inner) ? 'text' : 'unknown'
}

/** How a file is packed, by its name. */
export function packingOf(file: string): 'gz' | 'zst' | undefined {
  const name = file.toLowerCase()
  return name.endsWith('.gz') ? 'gz' : name.endsWith('.zst') ? 'zst' : undefined
}
