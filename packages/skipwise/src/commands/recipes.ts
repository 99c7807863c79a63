import { findExample, listExamples } from '../examples.js'
import type { Terminal } from '../terminal.js'

/** `skipwise recipes`: the recipes that come with Skipwise. `skipwise recipes NAME`: one of them, to change. */
export async function recipes(name: string | undefined, terminal: Terminal): Promise<number> {
  if (name !== undefined) {
    const example = await findExample(name)
    if (terminal.json) terminal.result(example)
    else terminal.say(example.text.trimEnd())
    return 0
  }
  const list = await listExamples()
  if (terminal.json) terminal.result(list.map(({ text: _, ...example }) => example))
  else {
    for (const { name: each, summary, memory } of list) terminal.say(`${each}\n  ${summary}\n  Memory: ${memory}`)
    terminal.say('\nskipwise recipes NAME prints one, skipwise extend example:NAME runs it')
  }
  return 0
}
