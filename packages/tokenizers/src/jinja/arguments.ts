import { TemplateFault } from './template-fault.js'
import { typeName, type Call, type Value } from './values.js'

/** Names of parameters; those after the required ones may be left out. */
export interface Parameters {
  readonly required?: readonly string[]
  readonly optional?: readonly string[]
  /** Whether names may be written in the call. */
  readonly byName?: boolean
}

/**
 * The arguments of a call in the order of the parameters, undefined where one is left out. @throws TemplateFault for
 * too few, too many, or other names
 */
export function take(
  { args, named }: Call,
  name: string,
  { required = [], optional = [], byName = false }: Parameters = {}
): readonly (Value | undefined)[] {
  const parameters = [...required, ...optional]
  if (args.length > parameters.length)
    throw new TemplateFault(`${name}() takes at most ${parameters.length} arguments, not ${args.length}`)
  for (const key of named.keys()) {
    const at = parameters.indexOf(key)
    if (!byName || at < 0 || at < args.length) throw new TemplateFault(`${name}() got an unexpected argument '${key}'`)
  }
  return parameters.map((parameter, i) => {
    const value = args[i] ?? (i < args.length ? null : named.get(parameter))
    if (value === undefined && i < required.length)
      throw new TemplateFault(`${name}() needs an argument '${parameter}'`)
    return value
  })
}

/** A string. @throws TemplateFault */
export function textOf(value: Value | undefined, name: string): string {
  if (typeof value !== 'string')
    throw new TemplateFault(`${name} wants str, not ${value === undefined ? 'nothing' : typeName(value)}`)
  return value
}

/** A string, or undefined for None and for nothing. @throws TemplateFault */
export const textOrNone = (value: Value | undefined, name: string): string | undefined =>
  value === undefined || value === null ? undefined : textOf(value, name)

/** An int as a JavaScript number, or what stands for nothing. @throws TemplateFault */
export function integerOf(value: Value | undefined, name: string, otherwise?: number): number {
  if (value === undefined && otherwise !== undefined) return otherwise
  if (typeof value === 'boolean') return Number(value)
  if (typeof value !== 'bigint')
    throw new TemplateFault(`${name} wants int, not ${value === undefined ? 'nothing' : typeName(value)}`)
  return Number(value)
}
