import { colours } from '../colours.js'
import { describeOptions, type PluginOption } from '../describe-options.js'
import { loadParts } from '../parts.js'
import type { Terminal } from '../terminal.js'

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
