/**
 * Largest number of layers of a model: twenty times that of the deepest ones. A `config.json` with more would only ask
 * for memory.
 */
export const MAX_LAYERS = 10_000

/** Rows of the table in docs/security.md. */
export const limits = [
  {
    what: 'layers in `config.json`',
    bound: `${MAX_LAYERS}, and no more than the file has tensors`,
    then: '`ARCHITECTURE_CONFIG`, `MODEL_WEIGHT_SHAPE`, before anything is built'
  }
]
