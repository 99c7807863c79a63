import { colours } from '../colours.js'
import { loadParts } from '../parts.js'
import type { Terminal } from '../terminal.js'

/** `skipwise plugins`: what can be named in a recipe. */
export async function plugins(_: unknown, terminal: Terminal): Promise<number> {
  const { registry } = await loadParts([process.cwd()]), list = registry.list().map(({ kind, name, summary }) => ({ kind, name, summary }))
  if (terminal.json) {
    terminal.result(list)
    return 0
  }
  const width = Math.max(...list.map(({ name }) => name.length))
  for (const kind of new Set(list.map(plugin => plugin.kind))) {
    terminal.say(colours.bold(kind))
    for (const plugin of list.filter(plugin => plugin.kind === kind)) terminal.say(`  ${plugin.name.padEnd(width)}  ${plugin.summary}`)
  }
  return 0
}
