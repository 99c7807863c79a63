/** `GGUF`, read as a little-endian number. */
export const MAGIC = 0x46554747

/** The version that is written. */
export const VERSION = 3

/** Tensors begin at multiples of so many bytes, unless `general.alignment` says otherwise. */
export const ALIGNMENT = 32
