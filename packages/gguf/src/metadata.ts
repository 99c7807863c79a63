/**
 * Numbers that GGUF gives to the types of values, with the bytes that one takes: a string has at least its length, a
 * list its type and its length.
 */
export const VALUE_TYPES = {
  uint8: [0, 1],
  int8: [1, 1],
  uint16: [2, 2],
  int16: [3, 2],
  uint32: [4, 4],
  int32: [5, 4],
  float32: [6, 4],
  bool: [7, 1],
  string: [8, 8],
  array: [9, 12],
  uint64: [10, 8],
  int64: [11, 8],
  float64: [12, 8]
} as const

/** A type of values. */
export type ValueType = keyof typeof VALUE_TYPES

/** A number, a text or a truth value with its type, or a list of one type. */
export type MetadataValue =
  | { readonly type: Exclude<ValueType, 'array' | 'string' | 'bool'>; readonly value: number | bigint }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'bool'; readonly value: boolean }
  | MetadataList

/** A list; those of a file are read when they are asked for. */
export interface MetadataList {
  readonly type: 'array'
  readonly of: Exclude<ValueType, 'array'>
  readonly length: number
  /** The elements. */
  values(): readonly (number | bigint | string | boolean)[]
}

/** Values by key, in the order of the file. */
export type Metadata = ReadonlyMap<string, MetadataValue>

/** A whole number in 0 … 2³² − 1. */
export const uint32 = (value: number): MetadataValue => ({ type: 'uint32', value })
/** A number, rounded to float32 when it is written. */
export const float32 = (value: number): MetadataValue => ({ type: 'float32', value })
/** A text, in UTF-8 when it is written. */
export const text = (value: string): MetadataValue => ({ type: 'string', value })
/** A truth value. */
export const truth = (value: boolean): MetadataValue => ({ type: 'bool', value })

/** A list of one type. */
export const list = (of: MetadataList['of'], values: readonly (number | string | boolean)[]): MetadataList => ({
  type: 'array',
  of,
  length: values.length,
  values: () => values
})

/** The number of a key; undefined where it is missing or not a number. */
export function numberAt(metadata: Metadata, key: string): number | undefined {
  const found = metadata.get(key)
  if (found === undefined || found.type === 'array' || found.type === 'string' || found.type === 'bool')
    return undefined
  return Number(found.value)
}

/** The text of a key; undefined where it is missing or not a text. */
export function textAt(metadata: Metadata, key: string): string | undefined {
  const found = metadata.get(key)
  return found?.type === 'string' ? found.value : undefined
}
