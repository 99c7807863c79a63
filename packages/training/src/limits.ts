/** Most examples of a step, and of a run: a hundred times those of the largest runs that this is made for. */
export const MAX_BATCH = 65_536
export const MAX_EXAMPLES = 100_000_000

/** Rows of the table in docs/security.md. */
export const limits = [
  { what: '`batch`', bound: `${MAX_BATCH}`, then: '`TRAINING_OPTIONS`' },
  { what: '`steps` × `batch`', bound: `${MAX_EXAMPLES}`, then: '`TRAINING_OPTIONS`' }
]
