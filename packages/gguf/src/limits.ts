/** Bytes before the tensors of a file: vocabularies in use take some tens of megabytes. */
export const MAX_HEADER_BYTES = 2 ** 27

/** Keys of a file; those in use have less than a hundred. */
export const MAX_KEYS = 2 ** 16

/** Tensors of a file; the largest models in use have some thousands. */
export const MAX_TENSORS = 2 ** 18

/** Bytes of a key or of the name of a tensor: GGUF itself allows 65,535 and 64. */
export const MAX_NAME_BYTES = 2 ** 16 - 1

/** Dimensions of a tensor: the limit of ggml. */
export const MAX_DIMENSIONS = 4

/** Rows of the table in docs/security.md. */
export const limits = [
  { what: 'all before the tensors of a GGUF file', bound: `${MAX_HEADER_BYTES / 2 ** 20} MiB`, then: '`GGUF_INVALID`' },
  { what: 'keys of a GGUF file', bound: `${MAX_KEYS}`, then: '`GGUF_INVALID`, before they are read' },
  { what: 'tensors of a GGUF file', bound: `${MAX_TENSORS}`, then: '`GGUF_INVALID`, before they are read' },
  { what: 'a key, or the name of a tensor, of a GGUF file', bound: `${MAX_NAME_BYTES} bytes`, then: '`GGUF_INVALID`' }
]
