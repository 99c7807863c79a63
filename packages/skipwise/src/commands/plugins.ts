import { type StandardSchemaV1, withoutUndefined } from '@skipwise/core'
import { keysOf, typeText, type JsonSchema } from '@skipwise/experiment'
import { z } from 'zod'
import { colours } from '../colours.js'
import { loadParts } from '../parts.js'
import type { Terminal } from '../terminal.js'

/** An option of a plugin, as a person reads it. */
interface PluginOption {
  readonly name: string
  /** `integer ≥ 1`, `sampled | contiguous`, `list of number > 0`; missing where the schema does not tell. */
  readonly type?: string
  readonly required: boolean
  readonly default?: unknown
  readonly description?: string
}

/**
 * The options that a configuration schema takes. A schema of zod says everything; of any other Standard Schema only the
 * defaults are known, from the result of an empty configuration, since the standard has no way to ask for more.
 */
export async function describeOptions(schema: StandardSchemaV1): Promise<PluginOption[]> {
  if (!('_zod' in schema)) {
    const read = await schema['~standard'].validate({})
    return read.issues
      ? []
      : Object.entries(read.value as object).map(([name, value]) => ({
          name,
          required: false,
          default: value as unknown
        }))
  }
  const json = z.toJSONSchema(schema as z.ZodType, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  return keysOf(json).map(({ name, schema: option, required }) =>
    withoutUndefined({
      name,
      type: typeText(option),
      required,
      default: option.default,
      description: option.description
    })
  )
}

/** `skipwise plugins`: what can be named in a recipe, with its options and their defaults. */
export async function plugins(_: unknown, terminal: Terminal): Promise<number> {
  const { registry } = await loadParts([process.cwd()])
  const list = await Promise.all(
    registry
      .list()
      .map(async ({ kind, name, summary, config }) => ({ kind, name, summary, options: await describeOptions(config) }))
  )
  if (terminal.json) {
    terminal.result(list)
    return 0
  }
  const width = Math.max(...list.map(({ name }) => name.length))
  for (const kind of new Set(list.map(plugin => plugin.kind))) {
    terminal.say(colours.bold(kind))
    for (const plugin of list.filter(plugin => plugin.kind === kind)) {
      terminal.say(`  ${plugin.name.padEnd(width)}  ${plugin.summary}`)
      for (const line of optionLines(plugin.options)) terminal.say(`  ${''.padEnd(width)}  ${colours.dim(line)}`)
    }
  }
  return 0
}

/** The suites that there are, with their options: for the help of `skipwise eval`. */
export async function suitesHelp(): Promise<string> {
  const { registry } = await loadParts([process.cwd()])
  const suites = await Promise.all(
    registry
      .list('eval-suite')
      .map(async ({ name, summary, config }) => [
        `  ${name}: ${summary}`,
        ...optionLines(await describeOptions(config)).map(line => `  ${line}`)
      ])
  )
  return `\nSuites, with what --config takes:\n${suites.flat().join('\n')}`
}

function optionLines(options: readonly PluginOption[]): string[] {
  const heads = options.map(({ name, required, default: value }) => {
    if (value === undefined) return required ? `${name} (required)` : name
    return `${name} = ${typeof value === 'string' ? value : JSON.stringify(value)}`
  })
  // a default as long as a list of tasks would push the other columns off the screen
  const width = Math.min(30, Math.max(0, ...heads.map(head => head.length)))
  return options.map(
    ({ type, description }, i) =>
      `  ${heads[i].padEnd(width)}${type === undefined ? '' : `  ${type}`}${description === undefined ? '' : `: ${description}`}`
  )
}
