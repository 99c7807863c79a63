/** Characters of each of the two parts of an error, before escapes. */
export const ERROR_CHARACTERS = 8000

/** Errors that are listed when several are found together; the others are counted. */
export const ERRORS_TOLD = 100

/** Rows of the table in docs/security.md. */
export const limits = [
  { what: 'the text of an error', bound: `${ERROR_CHARACTERS} characters`, then: 'its middle is left out' },
  { what: 'errors that are found together', bound: `${ERRORS_TOLD}`, then: 'the others are counted' }
]
