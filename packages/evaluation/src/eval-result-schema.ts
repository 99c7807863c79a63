import { z } from 'zod'

/** What a file must have to be a result of an evaluation. */
export const evalResultSchema = z.looseObject({
  suite: z.string(),
  version: z.int(),
  model: z.string(),
  config: z.record(z.string(), z.unknown()),
  metrics: z.record(z.string(), z.number()),
  details: z.unknown()
})
