import { schemaWords } from '@skipwise/experiment'
import { config } from 'zod'

/**
 * What is wrong with a value that a schema refuses is said in the words of this project, whichever package holds the
 * schema; in this process.
 */
export function usePlainWords(): void {
  config({ customError: issue => schemaWords(issue) })
}
