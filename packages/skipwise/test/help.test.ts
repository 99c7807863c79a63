import { afterAll, expect, test } from 'vitest'
import { skipwise, Workspace } from './workspace.js'

const workspace = new Workspace()
afterAll(() => workspace.remove())

const help = async (...args: string[]) => {
  const { code, stdout } = await skipwise([...args, '--help'], { cwd: workspace.folder, env: { COLUMNS: '60' } })
  expect(code).toBe(0)
  return stdout
}

test('every verb has examples that begin with it, and a guide', async () => {
  const verbs = [...(await help()).matchAll(/^ {2}([a-z]+) /gm)].map(([, verb]) => verb).filter(verb => verb !== 'help')
  expect(verbs.length).toBeGreaterThan(10)
  for (const verb of verbs) {
    const text = await help(verb)
    expect(text).toMatch(new RegExp(`\\nExamples:\\n {2}skipwise ${verb}\\b`))
    expect(text).toMatch(/\nGuide: \S*docs\/[a-z-]+\.md/)
  }
})

test('the help of eval lists the suites with their options', async () => {
  const text = await help('eval')
  for (const suite of ['passkey', 'perplexity', 'ruler', 'longchat', 'benchmarks'])
    expect(text).toMatch(new RegExp(`^ {2}${suite}: `, 'm'))
  expect(text).toMatch(/lengths \(required\)/)
})
