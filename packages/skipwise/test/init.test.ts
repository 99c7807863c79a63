import { isSkipwiseError, SkipwiseError } from '@skipwise/core'
import { openRecipe, outlineRecipe } from '@skipwise/experiment'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { init, type InitOptions } from '../src/commands/init.js'
import { askOnTerminal } from '../src/init/prompt.js'
import { askUntilRight, type Ask } from '../src/init/questions.js'
import { loadParts } from '../src/index.js'
import type { Terminal } from '../src/terminal.js'
import { cli, skipwise, Workspace } from './workspace.js'

const configs = fileURLToPath(new URL('configs/', import.meta.url))
const tiny = fileURLToPath(new URL('../../tiny-llama/', import.meta.url))
const workspace = new Workspace()
afterAll(() => workspace.remove())

beforeAll(() => {
  cpSync(join(tiny, 'model'), workspace.path('base'), { recursive: true })
  const documents = readFileSync(join(tiny, 'data', 'held-out.jsonl'), 'utf8')
    .trim()
    .split('\n')
  workspace.write('text.jsonl', documents.slice(0, 6).join('\n'))
  workspace.write('held-out.jsonl', documents.slice(6, 8).join('\n'))
  workspace.write(
    'chats.jsonl',
    Array.from({ length: 20 }, (_, i) => JSON.stringify({ text: `Hello ${i}.` })).join('\n')
  )
})

/** A terminal that keeps what is said. */
function listening(): { terminal: Terminal; said: string[]; results: unknown[] } {
  const said: string[] = []
  const results: unknown[] = []
  const terminal: Terminal = {
    json: false,
    progress: () => undefined,
    signal: new AbortController().signal,
    say: (text = '') => void said.push(text),
    note: text => void said.push(`note: ${text}`),
    result: value => void results.push(value)
  }
  return { terminal, said, results }
}

/** Runs `init` with answers; gives the dialogue, with figures that depend on the machine left out. */
async function dialogue(answers: readonly string[], model: string | undefined, options: Partial<InitOptions>) {
  const { terminal, said } = listening()
  const left = [...answers]
  let asked = 0
  const ask: Ask = async ({ message, suggested }) => {
    asked++
    const answer = left.shift()
    if (answer === undefined) throw new Error(`no answer is left for: ${message}`)
    said.push(`? ${message} (${suggested})\n> ${answer}`)
    return answer
  }
  await init(model, { output: workspace.path('recipe.yaml'), ...options }, terminal, { ask, rate: 1e11, cores: 2 })
  return { asked, left, text: stable(said.join('\n')) }
}

const stable = (text: string) =>
  text
    .replaceAll(workspace.folder, '.')
    .replaceAll(/\S*recipe[\w-]*\.yaml/g, 'recipe.yaml')
    .replaceAll(/\d+(\.\d+)? GB/g, '# GB')

describe('the dialogue', () => {
  test('asks five questions and writes a recipe with comments', async () => {
    const output = workspace.path('recipe-1.yaml')
    const { asked, left, text } = await dialogue(['base', 'text.jsonl', '1k', 'held-out.jsonl', '20'], undefined, {
      output
    })
    expect({ asked, left }).toEqual({ asked: 5, left: [] })
    expect(text).toMatchSnapshot()
    expect(stable(readFileSync(output, 'utf8'))).toMatchSnapshot()
  })

  test('asks again after a wrong answer, and says what is wrong', async () => {
    const { left, text } = await dialogue(
      ['nowhere', 'base', 'none.jsonl', 'text.jsonl', '1q', '100', '1k', 'text.jsonl', '', 'many', '0', ''],
      undefined,
      { output: workspace.path('recipe-2.yaml') }
    ).catch((error: unknown) => ({ left: undefined, text: String(error) }))
    expect(text).toMatchSnapshot()
    expect(left).toEqual([])
  })

  test('does not ask for what options say', async () => {
    const { asked } = await dialogue([], 'base', {
      output: workspace.path('recipe-3.yaml'),
      data: ['text.jsonl'],
      heldOut: ['held-out.jsonl'],
      serve: 512,
      steps: 5
    })
    expect(asked).toBe(0)
  })

  test('packs documents that are shorter than an example', async () => {
    const output = workspace.path('recipe-4.yaml')
    await dialogue(['', ''], 'base', { output, data: ['chats.jsonl'], serve: 512 })
    expect(readFileSync(output, 'utf8')).toContain('pack: true')
  })

  test('takes keys by --set, and names it where they are wrong', async () => {
    const output = workspace.path('recipe-5.yaml')
    const given = { output, yes: true, data: ['text.jsonl'] }
    await dialogue([], 'base', { ...given, set: ['train.steps=7', 'positions.pose.chunks=3'] })
    const text = readFileSync(output, 'utf8')
    expect(text).toContain('steps: 7')
    expect(text).toContain('chunks: 3')
    expect(text).toContain('# measured before training and after it')
    await expect(
      dialogue([], 'base', { ...given, output: workspace.path('recipe-6.yaml'), set: ['train.stepz=7'] })
    ).rejects.toThrow(/--set train\.stepz: train: unknown key 'stepz'/)
  })

  test('never replaces a file that it was not asked to replace', async () => {
    const output = workspace.path('kept.yaml')
    writeFileSync(output, 'mine')
    const given = { output, yes: true, data: ['text.jsonl'] }
    await expect(dialogue([], 'base', given)).rejects.toThrow(/^CLI_OUTPUT_EXISTS/)
    expect(readFileSync(output, 'utf8')).toBe('mine')
    await dialogue([], 'base', { ...given, overwrite: true })
    expect(readFileSync(output, 'utf8')).toContain('model: base')
  })
})

describe('on a terminal', () => {
  function streams() {
    const input = new PassThrough()
    const output = new PassThrough()
    output.resume()
    return { input, output }
  }

  test('an answer is what is typed, and Enter alone what is suggested', async () => {
    const { input, output } = streams()
    const ask = askOnTerminal({ input, output })
    const said: string[] = []
    const read = (answer: string) => {
      if (answer === 'wrong') throw new SkipwiseError('CLI_USAGE', { problem: 'that is wrong', fix: 'try again' })
      return answer
    }
    const typed = askUntilRight(ask, { message: 'Which?', suggested: 'this' }, read, line => said.push(line))
    for (const keys of ['wrong\r', 'that\r']) {
      await new Promise(resolve => setTimeout(resolve, 50))
      input.write(keys)
    }
    expect(await typed).toBe('that')
    expect(said).toEqual(['that is wrong: try again'])
    const entered = askUntilRight(ask, { message: 'Which?', suggested: 'this' }, read, () => undefined)
    await new Promise(resolve => setTimeout(resolve, 50))
    input.write('\r')
    expect(await entered).toBe('this')
  })

  test('Ctrl-C ends it', async () => {
    const { input, output } = streams()
    const asked = askOnTerminal({ input, output })({ message: 'Which?', suggested: '' }).catch(
      (error: unknown) => error
    )
    await new Promise(resolve => setTimeout(resolve, 50))
    input.write('\u0003')
    const error = await asked
    expect(isSkipwiseError(error) && error.code).toBe('CLI_INTERRUPTED')
  })
})

/** Runs a program on a terminal of its own, presses Ctrl-C once it has asked, and prints how it ended. */
const ON_TERMINAL = `
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen = b""
pressed = False
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    seen += part
    if not pressed and sys.argv[1].encode() in seen:
        os.write(terminal, b"\\x03")
        pressed = True
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`
const hasPython = spawnSync('python3', ['-c', 'import pty']).status === 0

describe.skipIf(!hasPython)('on a terminal', () => {
  test('Ctrl-C in a question ends the command as a signal does, and writes nothing', { timeout: 60_000 }, () => {
    const output = workspace.path('stopped.yaml')
    // the mark of a question, which is there once keys are read
    const command = [process.execPath, cli, 'init', workspace.path('base'), '--output', output]
    const { stdout, stderr } = spawnSync('python3', ['-c', ON_TERMINAL, '\u25c6', ...command], {
      cwd: workspace.folder,
      encoding: 'utf8'
    })
    expect(stdout.trim(), stderr).toBe('130')
    expect(existsSync(output)).toBe(false)
  })
})

describe('without anybody to ask', () => {
  test(
    'takes what is suggested, measures this machine and writes a recipe that runs',
    { timeout: 120_000 },
    async () => {
      const run = (...args: string[]) => skipwise(args, { cwd: workspace.folder })
      const set = [
        '--set',
        'train.steps=2',
        '--set',
        'train.batch=2',
        '--set',
        'train.microBatch=1',
        '--set',
        'evaluate=[]'
      ]
      const made = await run('init', 'base', '--data', 'text.jsonl', '--output', 'own.yaml', '--json', ...set)
      expect(made.code, made.stderr).toBe(0)
      expect(JSON.parse(made.stdout)).toMatchObject({
        fits: true,
        method: 'everything',
        window: { original: 256, target: 1280 }
      })
      const ran = await run('extend', 'own.yaml')
      expect(ran.code, ran.stderr).toBe(0)
    }
  )

  test('says what is missing', async () => {
    const { code, stderr } = await skipwise(['init'], { cwd: workspace.folder })
    expect(code).toBe(2)
    expect(stderr).toContain('CLI_USAGE: no model is given: write skipwise init MODEL')
  })
})

describe.each(readdirSync(configs))('init --yes on %s', file => {
  test('writes a recipe that resolves, and whose plan fits or says what would', { timeout: 180_000 }, async () => {
    const name = file.replace('.json', '')
    const { config } = JSON.parse(readFileSync(join(configs, file), 'utf8')) as { config: Record<string, unknown> }
    mkdirSync(workspace.path(name))
    workspace.write(`${name}/config.json`, JSON.stringify(config))
    const output = workspace.path(`${name}.yaml`)
    const { terminal, said } = listening()
    await init(name, { output, yes: true, data: ['text.jsonl'] }, terminal, { rate: 1e11 })
    const parts = await loadParts([workspace.folder])
    const document = openRecipe(readFileSync(output, 'utf8'), output, parts.registry)
    const outline = await outlineRecipe(document.recipe, {
      kind: 'extend',
      baseFolder: workspace.folder,
      document,
      config,
      name,
      ...parts
    })
    const { original, target } = outline.window
    expect(target - original).toBeGreaterThan(outline.model.geometry.maxPositionEmbeddings)
    const fits = outline.plan.chosen !== undefined
    expect(
      said.some(line => line.includes('does not fit')),
      said.join('\n')
    ).toBe(!fits)
  })
})
