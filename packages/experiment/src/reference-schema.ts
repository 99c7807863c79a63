import { z } from 'zod'

/** A plugin in a recipe: its name, or one key with its configuration. */
export const referenceSchema = z
  .union([
    z.string().min(1),
    z
      .record(z.string(), z.unknown())
      .refine(value => Object.keys(value).length === 1, { error: 'must have exactly one key, the name of a plugin' })
  ])
  .meta({ description: 'a plugin: its name, or { name: configuration }' })
