import { fork, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { copyWorkspace, fuzzCase } from './fuzz-cases.js'
import { trainRecipe, Workspace } from './workspace.js'

/** Cases; SKIPWISE_FUZZ_RUNS makes more of them, SKIPWISE_FUZZ_SEED others. */
const RUNS = Number(process.env['SKIPWISE_FUZZ_RUNS'] ?? 60)
const SEED = Number(process.env['SKIPWISE_FUZZ_SEED'] ?? 1)
const SECONDS = 30
const MEGABYTES = 2000
/** Commands that one process runs: what they leave behind in it is seen, and does not grow for ever. */
const PER_PROCESS = 200

const workspace = new Workspace()
let worker: ChildProcess | undefined
afterAll(() => {
  worker?.kill('SIGKILL')
  workspace.remove()
})

interface Answer {
  readonly code?: number
  readonly stderr: string
  readonly megabytes: number
}

const isAnswer = (value: unknown): value is Answer => typeof value === 'object' && value !== null && 'stderr' in value

async function startWorker(): Promise<ChildProcess> {
  const started = fork(join(import.meta.dirname, 'fuzz-worker.mjs'), {
    execArgv: ['--max-old-space-size=1500'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, HF_HUB_OFFLINE: '1', NO_COLOR: '1' }
  })
  await new Promise((resolve, reject) => {
    started.once('message', resolve)
    started.once('exit', reject)
  })
  return started
}

/** What a command answers; a text where it crashed or did not end. */
function runIn(child: ChildProcess, args: readonly string[], cwd: string): Promise<Answer | string> {
  return new Promise(resolve => {
    const end = (result: Answer | string) => {
      clearTimeout(timer)
      child.off('message', onMessage)
      child.off('exit', onExit)
      resolve(result)
    }
    const onMessage = (message: unknown) => end(isAnswer(message) ? message : 'no answer')
    const onExit = (code: number | null, signal: string | null) => end(`the process ended: ${code ?? signal}`)
    const timer = setTimeout(() => end(`no end after ${SECONDS} s`), 1000 * SECONDS)
    child.on('message', onMessage)
    child.on('exit', onExit)
    child.send({ args, cwd })
  })
}

/** Path → what is there, of everything below a folder. */
function picture(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return new Map(
    entries.map(entry => {
      const path = join(entry.parentPath, entry.name)
      const what = entry.isFile()
        ? createHash('sha256').update(readFileSync(path)).digest('hex')
        : lstatSync(path).mode.toString(8)
      return [relative(folder, path), what]
    })
  )
}

function changedOutside(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  cwd: string,
  outputs: readonly string[]
): string[] {
  const allowed = outputs.filter(output => output !== '').map(output => relative(cwd, resolve(cwd, output)))
  // an output, what is in it, its state, and the folders that lead to it
  const isAllowed = (path: string) =>
    allowed.some(
      output =>
        output === '' ||
        path === output ||
        path.startsWith(`${output}${sep}`) ||
        path.startsWith(`${output}.training`) ||
        output.startsWith(`${path}${sep}`)
    )
  const paths = [...new Set([...before.keys(), ...after.keys()])].filter(path => before.get(path) !== after.get(path))
  // what was there before is nobody's to change, named as an output or not
  return paths.filter(path => before.has(path) || !isAllowed(path))
}

test(
  `${RUNS} random commands on random recipes and folders: a code for each, nothing changed that was there`,
  async () => {
    workspace.write(
      'train.yaml',
      `${trainRecipe.replace('steps: 12', 'steps: 1')}evaluate: [ { perplexity: { data: held-out.jsonl, windows: [32], documents: 1 } } ]\n`
    )
    expect(await workspace.run(['train', 'train.yaml'])).toMatchObject({ code: 0 })
    expect(
      await workspace.run([
        'eval',
        'perplexity',
        '--model',
        'base',
        '--config',
        '{"data": "held-out.jsonl", "windows": [32], "documents": 1}',
        '--output',
        'result.json'
      ])
    ).toMatchObject({ code: 0 })
    workspace.write(
      'charts.json',
      JSON.stringify({
        charts: [
          {
            id: 'a',
            title: 't',
            description: 'd',
            x: { label: 'x', scale: 'linear' },
            y: { label: 'y', scale: 'log' },
            series: [
              {
                name: 's',
                points: [
                  [1, 1],
                  [2, 3]
                ]
              }
            ]
          }
        ]
      })
    )
    workspace.write('suites.yaml', '- perplexity: { data: held-out.jsonl, windows: [32], documents: 1 }\n')
    const found: string[] = []
    for (let index = 0; index < RUNS; index++) {
      if (worker === undefined || index % PER_PROCESS === 0) {
        worker?.kill('SIGKILL')
        worker = await startWorker()
      }
      const cwd = `${workspace.folder}-${index}`
      copyWorkspace(workspace.folder, cwd)
      try {
        const { args, outputs } = fuzzCase(SEED, index, cwd)
        const before = picture(cwd)
        const answer = await runIn(worker, args, cwd)
        const problems = typeof answer === 'string' ? [answer] : problemsOf(answer)
        if (typeof answer === 'string') {
          worker.kill('SIGKILL')
          worker = undefined
        }
        const changed = changedOutside(before, picture(cwd), cwd, outputs)
        if (changed.length > 0) problems.push(`changed ${changed.slice(0, 5).join(', ')}`)
        if (problems.length > 0)
          found.push(
            `case ${index} (seed ${SEED}): skipwise ${args.map(arg => JSON.stringify(arg.slice(0, 100))).join(' ')}\n  ${problems.join('\n  ')}\n  ${readRecipe(cwd)}`
          )
      } finally {
        rmSync(cwd, { recursive: true, force: true })
      }
      if (process.env['SKIPWISE_FUZZ_LOG'])
        writeFileSync(process.env['SKIPWISE_FUZZ_LOG'], `${index + 1} cases\n${found.join('\n')}\n`)
    }
    expect(found.join('\n')).toBe('')
  },
  24 * 3600_000
)

function problemsOf({ code, stderr, megabytes }: Answer): string[] {
  const problems: string[] = []
  if (/INTERNAL|^\s+at .+:\d+:\d+\)?$/m.test(stderr)) problems.push(stderr.slice(-1500))
  if (code !== 0 && code !== 1 && code !== 2) problems.push(`exit code ${code}`)
  if (megabytes > MEGABYTES) problems.push(`${Math.round(megabytes)} MB`)
  return problems
}

function readRecipe(cwd: string): string {
  try {
    return readFileSync(join(cwd, 'recipe.yaml'), 'utf8').slice(0, 800)
  } catch {
    return ''
  }
}
