import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { PluginKinds } from './contracts/kinds.js'

/** The version of the plugin contract that this package implements. */
export const PLUGIN_API_VERSION = 1

/** A name of a plugin kind. */
export type PluginKind = keyof PluginKinds

/** What {@link definePlugin} takes. */
export interface PluginDefinition<
  Kind extends PluginKind,
  Name extends string,
  Schema extends StandardSchemaV1,
  Instance extends PluginKinds[Kind]
> {
  readonly kind: Kind
  /** Lower case with dashes; third parties use `vendor/name`. */
  readonly name: Name
  /** One sentence for `skipwise plugins`. */
  readonly summary: string
  /**
   * Schema of the configuration, any Standard Schema library; an object schema in which everything has a default is
   * best.
   */
  readonly config: Schema
  /** Makes an instance from a validated configuration. Pure. */
  readonly create: (config: StandardSchemaV1.InferOutput<Schema>) => Instance
}

/** A frozen plugin value. Plugins export these; nothing registers on import. */
export interface Plugin<
  Kind extends PluginKind = PluginKind,
  Name extends string = string,
  Schema extends StandardSchemaV1 = StandardSchemaV1,
  Instance extends PluginKinds[Kind] = PluginKinds[Kind]
> extends PluginDefinition<Kind, Name, Schema, Instance> {
  readonly apiVersion: typeof PLUGIN_API_VERSION
}

/**
 * Defines a plugin: a frozen record of kind, name, configuration schema and factory.
 *
 * @example
 * ```ts
 * const linear = definePlugin({
 *   kind: 'interpolation',
 *   name: 'linear',
 *   summary: 'θ / s (Position Interpolation)',
 *   config: z.strictObject({}),
 *   create: () => ({ frequencies, toHuggingFace })
 * })
 * ```
 */
export function definePlugin<
  Kind extends PluginKind,
  const Name extends string,
  Schema extends StandardSchemaV1,
  Instance extends PluginKinds[Kind]
>(definition: PluginDefinition<Kind, Name, Schema, Instance>): Plugin<Kind, Name, Schema, Instance> {
  return Object.freeze({ ...definition, apiVersion: PLUGIN_API_VERSION })
}
