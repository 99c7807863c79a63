import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { PluginKinds } from './contracts/kinds.js'
import { SkipwiseError } from './errors.js'
import { nearestName } from './nearest-name.js'
import { PLUGIN_API_VERSION, type Plugin, type PluginKind } from './plugin.js'

/** A plugin of any kind and configuration. */
// the schema is both read and written by callers, so only `any` is wide enough
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyPlugin = Plugin<any, string, any, any>

type Named<P extends AnyPlugin, Kind extends PluginKind, Name extends string> = Extract<P, { kind: Kind; name: Name }>
type NameOf<P extends AnyPlugin, Kind extends PluginKind> = Extract<P, { kind: Kind }>['name']

/** What a user writes to configure the plugin `P`. */
export type ConfigOf<P extends AnyPlugin> = StandardSchemaV1.InferInput<P['config']>

type InstanceOf<P extends AnyPlugin> = ReturnType<P['create']>

/** A plugin named in a file: what {@link Registry.resolveUnknown} takes. */
export interface PluginReference {
  readonly name: string
  readonly config?: unknown
}

/**
 * An immutable set of plugins; `P` is the union of what is registered, so `resolve` is typed without code generation.
 */
export interface Registry<P extends AnyPlugin = never> {
  /** A new registry that also knows `plugins`. Throws `PLUGIN_DUPLICATE`, `PLUGIN_API_VERSION`, `PLUGIN_INVALID`. */
  register<const Added extends readonly AnyPlugin[]>(...plugins: Added): Registry<P | Added[number]>
  /** An instance by kind and name; a wrong kind, name or configuration does not compile. */
  resolve<Kind extends P['kind'] & PluginKind, Name extends NameOf<P, Kind>>(
    kind: Kind,
    name: Name,
    config: ConfigOf<Named<P, Kind, Name>>
  ): InstanceOf<Named<P, Kind, Name>>
  /**
   * The untyped variant, for names from YAML and argv. Throws `PLUGIN_UNKNOWN` (nearest name suggested),
   * `PLUGIN_CONFIG`.
   */
  resolveUnknown<Kind extends PluginKind>(kind: Kind, reference: PluginReference): PluginKinds[Kind]
  /** The plugin itself; throws `PLUGIN_UNKNOWN`. */
  find<Kind extends PluginKind>(kind: Kind, name: string): Plugin<Kind>
  /** Registered plugins in order of registration, of one kind or of all. */
  list(kind?: PluginKind): readonly AnyPlugin[]
}

/** The empty registry: `createRegistry().register(linear, yarn)`. */
export const createRegistry = (): Registry => build(new Map())

const keyOf = (kind: string, name: string) => `${kind} ${name}`

function build<P extends AnyPlugin>(plugins: ReadonlyMap<string, AnyPlugin>): Registry<P> {
  const find = <Kind extends PluginKind>(kind: Kind, name: string): Plugin<Kind> => {
    const plugin = plugins.get(keyOf(kind, name))
    if (plugin) return plugin as Plugin<Kind>
    const names = [...plugins.values()].filter(candidate => candidate.kind === kind).map(candidate => candidate.name)
    const nearest = nearestName(name, names)
    throw new SkipwiseError('PLUGIN_UNKNOWN', {
      problem: `no ${kind} is called '${name}'${nearest ? `; did you mean '${nearest}'?` : ''}`,
      fix: names.length ? `choose one of ${names.join(', ')}` : `register a plugin of kind ${kind}`
    })
  }
  const create = (plugin: AnyPlugin, config: unknown) => plugin(config)

  return Object.freeze({
    register<const Added extends readonly AnyPlugin[]>(...added: Added): Registry<P | Added[number]> {
      const all = new Map(plugins)
      for (const plugin of added) {
        checkPlugin(plugin)
        const key = keyOf(plugin.kind, plugin.name)
        if (all.has(key)) {
          throw new SkipwiseError('PLUGIN_DUPLICATE', {
            problem: `two plugins are called ${plugin.kind} '${plugin.name}'`,
            fix: 'register it once, or rename one to vendor/name'
          })
        }
        all.set(key, plugin)
      }
      return build<P | Added[number]>(all)
    },
    resolve: (kind: PluginKind, name: string, config: unknown) => create(find(kind, name), config),
    resolveUnknown: (kind: PluginKind, reference: PluginReference) =>
      create(find(kind, reference.name), reference.config),
    find,
    list: (kind?: PluginKind) => [...plugins.values()].filter(plugin => kind === undefined || plugin.kind === kind)
  }) as Registry<P>
}

function checkPlugin(plugin: AnyPlugin): void {
  if (
    typeof plugin !== 'function' ||
    typeof plugin.create !== 'function' ||
    typeof plugin.kind !== 'string' ||
    typeof plugin.name !== 'string' ||
    !plugin.config?.['~standard']
  ) {
    throw new SkipwiseError('PLUGIN_INVALID', {
      problem: 'a registered value is not a plugin',
      fix: 'make it with definePlugin({ kind, name, summary, config, create })'
    })
  }
  if (plugin.apiVersion !== PLUGIN_API_VERSION) {
    throw new SkipwiseError('PLUGIN_API_VERSION', {
      problem: `${plugin.kind} '${plugin.name}' was made for plugin API ${String(plugin.apiVersion)}, this is ${PLUGIN_API_VERSION}`,
      fix: 'install matching versions of the plugin and @skipwise/core'
    })
  }
}
