import { cpSync, existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { trainRecipe, Workspace } from './workspace.js'

const workspace = new Workspace()
const config = '{"data": ["held-out.jsonl", "text.jsonl"], "windows": [32, 64], "stride": 4, "documents": 10}'
beforeAll(async () => {
  workspace.write('short.yaml', trainRecipe.replace('steps: 12', 'steps: 2').replace('output: base', 'output: short'))
  for (const recipe of ['train.yaml', 'short.yaml']) expect((await workspace.run(['train', recipe])).code).toBe(0)
})
afterAll(() => workspace.remove())

const json = <Value>(file: string) => JSON.parse(readFileSync(workspace.path(file), 'utf8')) as Value
interface Record {
  metrics: { [name: string]: number }
  details: unknown
  run: { key: string; seed: number; model: { sha256: string } }
}

describe('skipwise eval', () => {
  test('--output: a run that is killed goes on from its journal, and gives the result of one that is not', async () => {
    const args = (output: string) => ['eval', 'perplexity', '--model', 'base', '--config', config, '--output', output]
    const journal = workspace.path('killed.json.journal')
    expect((await workspace.run(args('whole.json'))).code).toBe(0)
    const killed = await workspace.run(args('killed.json'), {
      kill: () => existsSync(journal) && readFileSync(journal, 'utf8').split('\n').length > 3
    })
    expect(killed.code).toBeNull()
    expect(existsSync(workspace.path('killed.json'))).toBe(false)
    expect((await workspace.run(args('killed.json'))).code).toBe(0)
    expect(json('killed.json')).toEqual(json('whole.json'))
    expect(existsSync(journal)).toBe(false)
    expect(json<Record>('whole.json').run).toMatchObject({
      seed: 0,
      model: { folder: 'base', sha256: expect.stringMatching(/^[\da-f]{64}$/) as string }
    })
  })

  test('--compare: better, worse, and what cannot be compared', async () => {
    expect(
      (await workspace.run(['eval', 'perplexity', '--model', 'short', '--config', config, '--output', 'short.json']))
        .code
    ).toBe(0)
    const { code, stdout } = await workspace.run(['eval', '--compare', 'short.json', 'whole.json', '--json'])
    const { metrics } = JSON.parse(stdout) as {
      metrics: { metric: string; verdict: string; units: number; a: number }[]
    }
    expect(code).toBe(0)
    expect(metrics.map(({ metric, verdict, units }) => [metric, verdict, units])).toEqual(
      ['perplexity@32', 'bits-per-byte@32', 'perplexity@64', 'bits-per-byte@64'].map(metric => [metric, 'better', 10])
    )
    expect(metrics[0].a).toBeCloseTo(json<Record>('short.json').metrics['perplexity@32'], 9)
    expect((await workspace.run(['eval', '--compare', 'whole.json', 'short.json'])).stdout).toMatch(
      /perplexity@64 .* worse/
    )
    const wrong = await workspace.run(['eval', '--compare', 'whole.json', 'base/config.json'])
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/^EVAL_RESULT: /m)])
  })

  test('--compare and report take the folders of runs', async () => {
    const evaluated = (name: string, steps: number) =>
      `${trainRecipe.replace('steps: 12', `steps: ${steps}`).replace('output: base', `output: ${name}`)}evaluate: [ { perplexity: ${config.replace('[32, 64]', '[32]')} } ]\n`
    for (const [name, steps] of [
      ['run-a', 2],
      ['run-b', 12]
    ] as const) {
      workspace.write(`${name}.yaml`, evaluated(name, steps))
      expect((await workspace.run(['train', `${name}.yaml`])).code).toBe(0)
    }
    const compared = await workspace.run(['eval', '--compare', 'run-a', 'run-b', '--json'])
    const { a, b, metrics } = JSON.parse(compared.stdout) as { a: string; b: string; metrics: { verdict: string }[] }
    expect([compared.code, a, b, metrics.map(({ verdict }) => verdict)]).toEqual([
      0,
      'run-a',
      'run-b',
      Array(2).fill('better')
    ])
    expect((await workspace.run(['eval', '--compare', 'run-b/skipwise.json', 'run-a'])).stdout).toMatch(
      /perplexity@32 .* worse/
    )
    expect(await workspace.run(['eval', '--compare', 'run-a', 'tokenizer'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^EVAL_RESULT: tokenizer contains no/)
    })
    expect(await workspace.run(['report', 'run-a', 'run-b', '--out', 'report', '--json'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('report.html')
    })
  })

  test('a suite without lengths has 1, 2 and 4 times the window, and what is beyond it is said at once', async () => {
    const { code, stdout, stderr } = await workspace.run([
      'eval',
      'perplexity',
      '--model',
      'base',
      '--config',
      '{"data": "held-out.jsonl", "documents": 1}',
      '--json'
    ])
    expect([code, stderr.split('\n')[0]]).toEqual([
      0,
      "note: perplexity measures at 64, 128 tokens, beyond the model's window of 32: it shows how the model fails there"
    ])
    expect(Object.keys((JSON.parse(stdout) as Record).metrics).filter(name => name.startsWith('perplexity'))).toEqual([
      'perplexity@32',
      'perplexity@64',
      'perplexity@128'
    ])
  })

  test('no words of a schema library reach a user', async () => {
    for (const wrong of ['{"lengths": [1.5, "long"], "trials": 0, "format": "mine", "length": [1]}', '[]']) {
      const { code, stderr } = await workspace.run(['eval', 'passkey', '--model', 'base', '--config', wrong])
      expect([wrong, code, stderr]).toEqual([
        wrong,
        2,
        expect.stringMatching(/^(note: .*\n)?PLUGIN_CONFIG: eval-suite 'passkey'/)
      ])
      expect(stderr).not.toMatch(/Invalid|received|Too small|Unrecognized/)
    }
  })

  test('--checkpoints: every model of a run by every suite, and what got better', async () => {
    cpSync(workspace.path('short'), workspace.path('run/checkpoint-2'), { recursive: true })
    cpSync(workspace.path('base'), workspace.path('run/checkpoint-12'), { recursive: true })
    workspace.write(
      'suites.yaml',
      `- perplexity: ${config}\n- longchat: { lengths: [420], tasks: [lines], trials: 2 }\n`
    )
    const args = ['eval', 'suites.yaml', '--checkpoints', 'run']
    const { code, stdout, stderr } = await workspace.run([...args, '--json'])
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('INTERNAL')])
    const { checkpoints } = JSON.parse(stdout) as {
      checkpoints: { name: string; results: Record[]; comparisons: ({ metrics: { verdict: string }[] } | null)[] }[]
    }
    expect(checkpoints.map(({ name, results }) => [name, results.length])).toEqual([
      ['checkpoint-2', 2],
      ['checkpoint-12', 2]
    ])
    expect(checkpoints[1].comparisons[0]?.metrics.every(({ verdict }) => verdict === 'better')).toBe(true)
    expect(json('run/evaluations/checkpoint-12/1-perplexity.json')).toEqual(checkpoints[1].results[0])
    // Done once, it is read and not done again.
    expect((await workspace.run(args)).stdout).toMatch(/perplexity@32 .*▲/)
  })

  test.each([
    [['eval'], 'missing argument: suite'],
    [['eval', 'perplexity'], 'missing option: --model'],
    [['eval', 'passkey', '--compare', 'a', 'b'], '--compare takes two'],
    [['eval', 'passkey', '--checkpoints', 'tokenizer'], 'EVAL_NO_CHECKPOINTS'],
    [['eval', 'no.yaml', '--model', 'base'], 'EVAL_SUITES']
  ])('%j is refused', async (args, message) => {
    const { code, stderr } = await workspace.run(args)
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  })
})
