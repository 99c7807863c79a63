/** Characters of an error that is not one of ours, and of its stack. */
export const INTERNAL_CHARACTERS = 8000

/** Errors that are printed when several are found together. */
export const ERRORS_PRINTED = 100

/** Rows of the table in docs/security.md. */
export const limits = [
  { what: 'errors that a command prints', bound: `${ERRORS_PRINTED}`, then: 'the others are counted' }
]
