import { randomStream, type ExampleDraw } from '@skipwise/core'
import { z } from 'zod'

/** How an example of one run chooses it in the document. */
export const span = z
  .enum(['random', 'first'])
  .default('random')
  .describe('which tokens of a document: any run of them with the same probability, or the first')

/** Where in the document the run begins. */
export function runStart(
  documentTokens: number,
  tokens: number,
  which: z.output<typeof span>,
  draw: ExampleDraw
): number {
  return which === 'first'
    ? 0
    : randomStream({ ...draw, stream: 'position-transform' }).integer(0, documentTokens - tokens)
}
