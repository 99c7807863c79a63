import type { PluginReference, Registry } from '@skipwise/core'
import { withTokenCounts } from './token-count.js'

/** Multiples of a model's window at which a suite without lengths measures: inside the window, and beyond it. */
const MULTIPLES = [1, 2, 4]

/** Names of the option for lengths in the suites. */
const KEYS = ['lengths', 'windows']

/**
 * The suite with lengths of 1, 2 and 4 times the window, where it needs lengths and has none. Lengths with k become
 * numbers.
 *
 * @param window tokens
 * @throws SkipwiseError `PLUGIN_UNKNOWN`
 */
export function withLengths(
  reference: PluginReference,
  registry: Pick<Registry, 'find'>,
  window: number
): PluginReference {
  const config = reference.config ?? {}
  const schema = registry.find('eval-suite', reference.name).config
  const checked = schema['~standard'].validate(config)
  if (typeof config !== 'object' || checked instanceof Promise) return reference
  const complained = (checked.issues ?? [])
    .map(({ path = [] }) => path[0])
    .map(part => (typeof part === 'object' ? part.key : part))
  const missing = KEYS.find(key => complained.includes(key) && !Object.hasOwn(config, key))
  return missing === undefined
    ? withTokenCounts(reference, schema)
    : { ...reference, config: { ...config, [missing]: MULTIPLES.map(multiple => multiple * window) } }
}

/** The lengths of a suite's configuration that are beyond a window, in tokens. */
export function lengthsBeyond({ config }: PluginReference, window: number): number[] {
  if (typeof config !== 'object' || config === null) return []
  const asked = Object.entries(config)
    .filter(([key]) => KEYS.includes(key))
    .flatMap(([, value]: [string, unknown]) => value)
  return asked.filter(length => typeof length === 'number').filter(length => length > window)
}
