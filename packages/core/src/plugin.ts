import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { PluginKinds } from './contracts/kinds.js'
import { validate } from './validate.js'

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
   * Schema of the configuration, any Standard Schema library; best an object schema in which every key has a default.
   */
  readonly config: Schema
  /** Creates an instance from a validated configuration. Pure. */
  readonly create: (config: StandardSchemaV1.InferOutput<Schema>) => Instance
}

/** What a call of a plugin takes: nothing, where every key of its configuration has a default. */
type ConfigArguments<Schema extends StandardSchemaV1> =
  Record<never, never> extends StandardSchemaV1.InferInput<Schema>
    ? [config?: StandardSchemaV1.InferInput<Schema>]
    : [config: StandardSchemaV1.InferInput<Schema>]

/**
 * A frozen, callable plugin: `yarn()`, `pose({ chunks: 3 })`. Plugins export these; nothing registers on import.
 */
export interface Plugin<
  Kind extends PluginKind = PluginKind,
  Name extends string = string,
  Schema extends StandardSchemaV1 = StandardSchemaV1,
  Instance extends PluginKinds[Kind] = PluginKinds[Kind]
> extends PluginDefinition<Kind, Name, Schema, Instance> {
  readonly apiVersion: typeof PLUGIN_API_VERSION
  /**
   * Validates what a user writes, fills in the defaults and creates an instance.
   *
   * @throws SkipwiseError `PLUGIN_CONFIG`, naming every key that is wrong
   */
  (...config: ConfigArguments<Schema>): Instance
}

/**
 * Defines a plugin: a frozen function with a kind, a name, a configuration schema and a factory. Called with what a
 * user writes, it returns an instance; a registry finds it by kind and name.
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
 * const scheme = linear()
 * ```
 */
export function definePlugin<
  Kind extends PluginKind,
  const Name extends string,
  Schema extends StandardSchemaV1,
  Instance extends PluginKinds[Kind]
>(definition: PluginDefinition<Kind, Name, Schema, Instance>): Plugin<Kind, Name, Schema, Instance> {
  const { kind, name, summary, config, create } = definition
  const call = (...[given]: ConfigArguments<Schema>) =>
    create(validate(config, given ?? {}, 'PLUGIN_CONFIG', `${kind} '${name}'`))
  // a function has a name of its own, which assignment cannot change
  Object.defineProperty(call, 'name', { value: name, enumerable: true })
  return Object.freeze(
    Object.assign(call, { kind, summary, config, create, apiVersion: PLUGIN_API_VERSION })
  ) as Plugin<Kind, Name, Schema, Instance>
}
