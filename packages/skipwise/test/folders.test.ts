// What belongs to others stays: folders that Skipwise did not make, inputs of a run, and the output of a run that
// another process is making. And what a command prints may be read by nobody.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cli, extendRecipe, trainRecipe, Workspace } from './workspace.js'

const workspace = new Workspace()
afterAll(() => workspace.remove())
beforeAll(async () => {
  expect(await workspace.run(['train', 'train.yaml'])).toMatchObject({ code: 0 })
})

const recipe = (output: string, steps = 8) =>
  extendRecipe.replace('output: out/long', `output: ${output}`).replace('steps: 8', `steps: ${steps}`)
const writeRecipe = (output: string, steps?: number) => workspace.write(`${output}.yaml`, recipe(output, steps))

/** Everything below a folder, with the contents of files. */
function contents(folder: string): Record<string, string> {
  const names = readdirSync(workspace.path(folder), { recursive: true, withFileTypes: true })
  return Object.fromEntries(
    names
      .filter(entry => entry.isFile())
      .map(entry => {
        const path = join(entry.parentPath, entry.name)
        return [path, readFileSync(path, 'base64')]
      })
  )
}

describe("other people's folders", () => {
  test.each([
    ['a text', 'book', 'thesis.txt'],
    ['a model', 'own-model', 'model/model.safetensors'],
    ['names that we use', 'own-state', 'state.safetensors']
  ])('%s in <output>.training stops the run before any work', async (_what, output, file) => {
    writeRecipe(output)
    mkdirSync(join(workspace.path(`${output}.training/${file}`), '..'), { recursive: true })
    workspace.write(`${output}.training/${file}`, 'mine')
    const before = contents(`${output}.training`)
    const refused = await workspace.run(['extend', `${output}.yaml`])
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/^STATE_FOREIGN: .*did not write/m) })
    expect(contents(`${output}.training`)).toEqual(before)
    expect(existsSync(workspace.path(output))).toBe(false)
  })

  test('the recipe itself in <output>.training stops the run', async () => {
    mkdirSync(workspace.path('inner.training'))
    workspace.write(
      'inner.training/recipe.yaml',
      recipe('../inner')
        .replace('model: base', 'model: ../base')
        .replace('text.jsonl', '../text.jsonl')
        .replace('held-out', '../held-out')
    )
    expect(await workspace.run(['extend', 'inner.training/recipe.yaml'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^STATE_FOREIGN: /m)
    })
    expect(readdirSync(workspace.path('inner.training'))).toEqual(['recipe.yaml'])
  })

  test('a model, a recipe and documents that lie in our own state folder are inputs and stay', async () => {
    writeRecipe('mine', 100_000)
    const state = (name: string) => workspace.path(`mine.training/${name}`)
    await workspace.run(['extend', 'mine.yaml'], { kill: () => existsSync(state('metrics')), signals: ['SIGKILL'] })
    mkdirSync(state('docs'))
    workspace.write('mine.training/docs/text.jsonl', readFileSync(workspace.path('text.jsonl')))
    symlinkSync('../base', state('model'))
    for (const change of [
      ['model: base', 'model: mine.training/docs'],
      ['files: [text.jsonl]', 'files: ["mine.training/**/*.jsonl"]']
    ]) {
      workspace.write('mine-again.yaml', recipe('mine').replace(change[0], change[1]))
      expect(await workspace.run(['extend', 'mine-again.yaml'])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/^STATE_FOREIGN: .*is an input of this run/m)
      })
    }
    expect(existsSync(state('docs/text.jsonl'))).toBe(true)
  })

  test('a file that somebody put into our state folder stays when the run is done', async () => {
    writeRecipe('guest')
    const started = workspace.run(['extend', 'guest.yaml'], {
      kill: () =>
        existsSync(workspace.path('guest.training/run.lock')) &&
        !existsSync(workspace.path('guest.training/notes.md')) &&
        (workspace.write('guest.training/notes.md', 'mine'), true),
      signals: []
    })
    const { code, stdout } = await started
    expect(code).toBe(0)
    expect(stdout).toMatch(/Kept: 1 files in .*guest\.training that Skipwise did not write, notes\.md/)
    expect(readdirSync(workspace.path('guest.training'))).toEqual(['notes.md'])
  })

  test('a finished recipe run again leaves nothing next to its output', async () => {
    writeRecipe('again')
    for (let round = 0; round < 2; round++) {
      expect(await workspace.run(['extend', 'again.yaml'])).toMatchObject({ code: 0 })
      expect(existsSync(workspace.path('again.training'))).toBe(false)
    }
  })

  test('a report replaces its own files and no others', async () => {
    const report = (out: string) => workspace.run(['report', 'base', '--out', out])
    expect(await report('drawn')).toMatchObject({ code: 0 })
    expect(await report('drawn')).toMatchObject({ code: 0 })
    mkdirSync(workspace.path('site'))
    workspace.write('site/report.html', 'mine')
    expect(await report('site')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^CLI_OUTPUT_EXISTS: .*report\.html/m)
    })
    expect(contents('site')).toEqual({ [workspace.path('site/report.html')]: Buffer.from('mine').toString('base64') })
    expect(await report('base')).toMatchObject({ code: 2, stderr: expect.stringMatching(/^CLI_OUTPUT_EXISTS: /m) })
  })

  test('a chart is not drawn over a text', async () => {
    workspace.write('thesis.svg', 'mine')
    const draw = (file: string) => workspace.run(['coverage', '--original', '256', '--target', '1024', '--svg', file])
    expect(await draw('thesis.svg')).toMatchObject({ code: 2, stderr: expect.stringMatching(/^CLI_OUTPUT_EXISTS: /m) })
    expect(readFileSync(workspace.path('thesis.svg'), 'utf8')).toBe('mine')
    for (let round = 0; round < 2; round++) expect(await draw('chart.svg')).toMatchObject({ code: 0 })
  })

  test('eval does not write over a file that is not a result', async () => {
    workspace.write('notes.json', '{"mine": true}')
    const config = JSON.stringify({ data: 'held-out.jsonl', windows: [32], documents: 1 })
    const refused = await workspace.run([
      'eval',
      'perplexity',
      '--model',
      'base',
      '--output',
      'notes.json',
      '--config',
      config
    ])
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/^EVAL_OUTPUT: /m) })
    expect(readFileSync(workspace.path('notes.json'), 'utf8')).toBe('{"mine": true}')
  })
})

describe('two at once', () => {
  test('the second run says who has the output, and the first one goes on', async () => {
    writeRecipe('twin', 300)
    const lock = workspace.path('twin.training/run.lock')
    let second: Promise<unknown> | undefined
    const first = await workspace.run(['extend', 'twin.yaml'], {
      kill: () => existsSync(lock) && ((second = workspace.run(['extend', 'twin.yaml'])), true),
      signals: []
    })
    expect(first).toMatchObject({ code: 0 })
    expect(await second).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^STATE_IN_USE: .*process \d+ on \S+ has been working in .*twin\.training since 20/m
      )
    })
    expect(readFileSync(workspace.path('twin/metrics/metrics.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(300)
  })

  test('seven at once make one model, and the others say why they did not', async () => {
    writeRecipe('seven', 20)
    const runs = await Promise.all(Array.from({ length: 7 }, () => workspace.run(['extend', 'seven.yaml'])))
    expect(runs.filter(({ code }) => code === 0).length).toBeGreaterThan(0)
    for (const { code, stderr } of runs.filter(({ code }) => code !== 0)) {
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^STATE_IN_USE: /m)])
    }
    expect(existsSync(workspace.path('seven/model.safetensors'))).toBe(true)
    expect(existsSync(workspace.path('seven.training'))).toBe(false)
  })

  test('of two evaluations with one output the second stops', async () => {
    const long = Array.from({ length: 30 }, (_, i) => JSON.stringify({ text: `${i} is a number; `.repeat(60) })).join(
      '\n'
    )
    workspace.write('long.jsonl', long)
    const args = [
      'eval',
      'perplexity',
      '--model',
      'base',
      '--output',
      'twin.json',
      '--config',
      JSON.stringify({ data: 'long.jsonl', windows: [32], documents: 30 })
    ]
    let second: Promise<unknown> | undefined
    const first = await workspace.run(args, {
      kill: () => existsSync(workspace.path('twin.json.lock')) && ((second = workspace.run(args)), true),
      signals: []
    })
    expect(first).toMatchObject({ code: 0 })
    expect(await second).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^RESULT_IN_USE: process \d+ on \S+ has been evaluating into twin\.json since 20/m)
    })
    expect(readdirSync(workspace.folder).filter(name => name.startsWith('twin.json'))).toEqual(['twin.json'])
  })
})

describe('a command whose output nobody reads', () => {
  const shell = (command: string) =>
    promisify(execFile)('bash', ['-o', 'pipefail', '-c', command], {
      cwd: workspace.folder,
      env: { ...process.env, NODE: process.execPath, CLI: cli }
    }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error
    )

  test('trains to its end behind head, and says so by its exit code', async () => {
    writeRecipe('piped')
    expect(await shell('"$NODE" "$CLI" extend piped.yaml | head -1')).toMatchObject({ code: 0 })
    expect(existsSync(workspace.path('piped/model.safetensors'))).toBe(true)
  })

  test('trains to its end when standard error is closed', async () => {
    writeRecipe('deaf')
    expect(await shell('"$NODE" "$CLI" extend deaf.yaml 2>&1 >/dev/null | true; wait')).toMatchObject({ code: 0 })
    expect(await shell('"$NODE" "$CLI" extend deaf.yaml 2>&-')).toMatchObject({ code: 0 })
    expect(existsSync(workspace.path('deaf/model.safetensors'))).toBe(true)
  })

  test.runIf(existsSync('/dev/full'))('trains to its end when its output is full, and reports the output', async () => {
    writeRecipe('full')
    const { code, stderr } = await shell('"$NODE" "$CLI" extend full.yaml --json > /dev/full')
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^CLI_STDOUT: standard output cannot be written \(ENOSPC\)/m)
    ])
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(existsSync(workspace.path('full/model.safetensors'))).toBe(true)
  })

  test('train keeps the losses of a recipe with no evaluation too', async () => {
    workspace.write('quiet.yaml', trainRecipe.replace('output: base', 'output: quiet'))
    expect(await shell('"$NODE" "$CLI" train quiet.yaml --json | head -c 10')).toMatchObject({ code: 0 })
    expect(existsSync(workspace.path('quiet/skipwise.json'))).toBe(true)
  })
})
