import { openSafetensors } from '@skipwise/checkpoints'
import { cpSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { extendRecipe, Workspace } from './workspace.js'

const workspace = new Workspace()
beforeAll(async () => expect(await workspace.run(['train', 'train.yaml'])).toMatchObject({ code: 0 }))
afterAll(() => workspace.remove())

/** Extends the base model with more keys of `train`. */
async function extend(name: string, train: string) {
  workspace.write(
    `${name}.yaml`,
    extendRecipe
      .replace('checkpointEvery: 3', `checkpointEvery: 3, ${train}`)
      .replace('output: out/long', `output: out/${name}`)
      .replace(/evaluate:[^]*(?=output)/, '')
  )
  return workspace.run(['extend', `${name}.yaml`])
}

async function tensorsOf(file: string): Promise<Map<string, Float32Array>> {
  const source = await openSafetensors(workspace.path(file))
  const tensors = new Map<string, Float32Array>()
  for (const name of source.names) tensors.set(name, await source.read(name))
  await source.close()
  return tensors
}

describe('a recipe that trains a part of the model', () => {
  test('lora: the model has its adapters merged, and they lie beside it as PEFT saves them', async () => {
    expect(await extend('lora', 'lora: { rank: 2, alpha: 4, targets: [q_proj, v_proj] }')).toMatchObject({ code: 0 })
    const before = await tensorsOf('base/model.safetensors')
    const after = await tensorsOf('out/lora/model.safetensors')
    const adapter = await tensorsOf('out/lora/adapter/adapter_model.safetensors')
    expect([...adapter.keys()]).toHaveLength(8)
    for (const [name, weight] of before) {
      const prefix = `base_model.model.${name.replace(/\.weight$/, '')}`
      const A = adapter.get(`${prefix}.lora_A.weight`)
      const B = adapter.get(`${prefix}.lora_B.weight`)
      const merged = weight.map((value, i) =>
        A && B
          ? value + 2 * (B[2 * Math.floor(i / 16)] * A[i % 16] + B[2 * Math.floor(i / 16) + 1] * A[16 + (i % 16)])
          : value
      )
      after.get(name)?.forEach((value, i) => expect(Math.abs(value - merged[i])).toBeLessThan(1e-6))
      expect(/[qv]_proj/.test(name), name).toBe(after.get(name)?.some((value, i) => value !== weight[i]))
    }
    expect(JSON.parse(readFileSync(workspace.path('out/lora/adapter/adapter_config.json'), 'utf8'))).toMatchObject({
      peft_type: 'LORA',
      r: 2,
      lora_alpha: 4,
      target_modules: ['q_proj', 'v_proj'],
      base_model_name_or_path: 'base'
    })
  })

  test('freeze: what fits the pattern is written as it was', async () => {
    expect(await extend('frozen', "freeze: ['model.layers.0.*']")).toMatchObject({ code: 0 })
    const before = await tensorsOf('base/model.safetensors')
    const after = await tensorsOf('out/frozen/model.safetensors')
    for (const [name, values] of after)
      expect(
        values.some((value, i) => value !== before.get(name)?.[i]),
        name
      ).toBe(!name.startsWith('model.layers.0.'))
  })

  test('pack: documents shorter than the window make examples together, and PoSE still skips', async () => {
    workspace.write(
      'short.jsonl',
      Array.from({ length: 60 }, (_, i) => JSON.stringify({ text: `${i} is ${i % 2 ? 'odd' : 'even'}` })).join('\n')
    )
    const recipe = (name: string, data: string) =>
      extendRecipe
        .replace('files: [text.jsonl]', `files: [short.jsonl]${data}`)
        .replace('output: out/long', `output: out/${name}`)
        .replace(/evaluate:[^]*(?=output)/, '')
    workspace.write('unpacked.yaml', recipe('unpacked', ''))
    expect(await workspace.run(['extend', 'unpacked.yaml'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^DATA_TOO_SHORT: /m)
    })
    workspace.write('packed.yaml', recipe('packed', ', pack: true, minTokens: 8'))
    const packed = await workspace.run(['extend', 'packed.yaml', '--json'])
    expect(packed).toMatchObject({ code: 0 })
    const { data, training } = JSON.parse(packed.stdout) as {
      data: { documents: number }
      training: { losses: number[] }
    }
    expect(data.documents).toBeGreaterThan(50)
    expect(training.losses.every(Number.isFinite)).toBe(true)
    workspace.write(
      'full.yaml',
      recipe('full', ', pack: true, minTokens: 8').replace('train:', 'positions: full-length\ntrain:')
    )
    expect(await workspace.run(['extend', 'full.yaml'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^RECIPE_DATA: full\.yaml:\d+:\d+: pack joins short documents/m)
    })
  })

  test('chunk by chunk: the losses of the whole sequence; some chunks backward has other weights, the same for a seed', async () => {
    const run = async (name: string, train: string) => {
      expect(await extend(name, train)).toMatchObject({ code: 0 })
      return {
        weights: await tensorsOf(`out/${name}/model.safetensors`),
        ...(
          JSON.parse(readFileSync(workspace.path(`out/${name}/skipwise.json`), 'utf8')) as {
            training: { losses: number[]; strategy: string }
          }
        ).training
      }
    }
    const whole = await run('whole', 'strategy: whole')
    const seco = await run('seco', 'strategy: { seco: { chunk: 10 } }')
    const [one, again] = [
      await run('spaco', 'strategy: { spaco: { chunk: 8, chunks: 1 } }'),
      await run('spaco-again', 'strategy: { spaco: { chunk: 8, chunks: 1 } }')
    ]
    expect([whole.strategy, seco.strategy, one.strategy]).toEqual(['whole', 'seco', 'spaco'])
    seco.losses.forEach((loss, step) => expect(Math.abs(loss - whole.losses[step])).toBeLessThan(1e-4))
    expect(Math.abs(one.losses[0] - whole.losses[0])).toBeLessThan(1e-5)
    expect(one.weights).toEqual(again.weights)
    expect(one.weights).not.toEqual(whole.weights)
    expect(await extend('none', 'strategy: { spaco: { chunk: 8 } }')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^RECIPE_INVALID: none.yaml.* train.strategy.spaco.chunks: missing/m)
    })
    expect(await extend('none', 'strategy: chunky')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^RECIPE_INVALID: none.yaml.* train.strategy: .*'blockwise'/m)
    })
  })

  test('prompts and completions: only completions are learned, through the skips of PoSE', async () => {
    const record = (i: number) => ({
      prompt: `${i} plus ${i} is `.repeat(3),
      completion: `${2 * i}, of course.`.repeat(3)
    })
    workspace.write('answers.jsonl', Array.from({ length: 60 }, (_, i) => JSON.stringify(record(i))).join('\n'))
    const recipe = (name: string, data: string) =>
      extendRecipe
        .replace('files: [text.jsonl]', `files: [answers.jsonl], ${data}`)
        .replace('output: out/long', `output: out/${name}`)
        .replace(/evaluate:[^]*(?=output)/, '')
    workspace.write('answers.yaml', recipe('answers', 'format: prompt-completion'))
    expect(await workspace.run(['extend', 'answers.yaml'])).toMatchObject({ code: 0 })
    workspace.write('both.yaml', recipe('both', 'format: prompt-completion, textKey: completion'))
    expect(await workspace.run(['extend', 'both.yaml'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^RECIPE_DATA: both\.yaml:\d+:\d+: textKey is 'completion'/m)
    })
    workspace.write(
      'split.yaml',
      recipe('split', 'format: prompt-completion').replace('train:', 'positions: { pose: { splitAt: [32] } }\ntrain:')
    )
    expect(await workspace.run(['extend', 'split.yaml'])).toMatchObject({ code: 0 })
  })

  test('messages: only answers are learned, by the chat template of the model', async () => {
    const record = (i: number) => ({
      messages: [
        { role: 'user', content: `${i} plus ${i}?` },
        { role: 'assistant', content: `${2 * i}, of course.` },
        { role: 'user', content: 'Sure?' },
        { role: 'assistant', content: 'Yes.' }
      ]
    })
    workspace.write('chats.jsonl', Array.from({ length: 60 }, (_, i) => JSON.stringify(record(i))).join('\n'))
    const recipe = (name: string, data: string) =>
      extendRecipe
        .replace('model: base', 'model: chatty')
        .replace('files: [text.jsonl]', `files: [chats.jsonl], ${data}`)
        .replace('output: out/long', `output: out/${name}`)
        .replace(/evaluate:[^]*(?=output)/, '')
    cpSync(workspace.path('base'), workspace.path('chatty'), { recursive: true })
    workspace.write('chats.yaml', recipe('chats', 'format: messages'))
    expect(await workspace.run(['extend', 'chats.yaml'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^CHAT_TEMPLATE_NOT_FOUND: .*put chat_template.jinja into the folder/m)
    })
    workspace.write(
      'chatty/chat_template.jinja',
      "{% for message in messages %}{{ message.role[0] + ': ' + message.content + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'a: ' }}{% endif %}"
    )
    expect(await workspace.run(['extend', 'chats.yaml'])).toMatchObject({ code: 0 })
    workspace.write('keyed.yaml', recipe('keyed', 'format: messages, textKey: text'))
    expect(await workspace.run(['extend', 'keyed.yaml'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^RECIPE_DATA: keyed\.yaml:\d+:\d+: textKey is 'text'.* in messages/m)
    })
    workspace.write('chats.jsonl', `${JSON.stringify(record(1))}\n{"messages": [{"role": "user"}]}`)
    workspace.write('wrong.yaml', recipe('wrong', 'format: messages'))
    expect(await workspace.run(['extend', 'wrong.yaml'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^DATA_LINE_INVALID: .*chats.jsonl:2: messages\[0\] has no content/m)
    })
  })

  test('validate: the weights that were best at a long window are written; ema and guard go with it', async () => {
    const more =
      "schedule: constant, ema: { decay: 0.9 }, guard: { loss: 10, action: skip }, validate: { every: 3, suite: { perplexity: { data: held-out.jsonl, windows: [128], documents: 1 } }, metric: 'perplexity@128' }"
    workspace.write(
      'validated.yaml',
      extendRecipe
        .replace('checkpointEvery: 3', `checkpointEvery: 3, ${more}`)
        .replace('output: out/long', 'output: out/validated')
    )
    const { code, stdout } = await workspace.run(['extend', 'validated.yaml', '--json'])
    expect(code).toBe(0)
    const { training, results } = JSON.parse(stdout) as {
      training: { validation: { scores: { step: number; score: number }[]; bestStep: number } }
      results: { model: { metrics: Record<string, number> }[] }
    }
    const { scores, bestStep } = training.validation
    const best = Math.min(...scores.map(({ score }) => score))
    expect(scores.map(({ step }) => step)).toEqual([3, 6, 8])
    expect(scores.find(({ step }) => step === bestStep)?.score).toBe(best)
    const lines = readFileSync(workspace.path('out/validated/metrics/metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, number>)
    expect(lines.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(lines[2]).toMatchObject({
      validation: scores[0].score,
      loss: expect.any(Number),
      gradientNorm: expect.any(Number)
    })
    expect(results.model[0].metrics).toHaveProperty('perplexity@128')
    const page = readFileSync(workspace.path('out/validated/report.html'), 'utf8')
    expect(page).toContain('Validation: perplexity@128')
    for (const chart of ['loss', 'validation'])
      expect(readFileSync(workspace.path(`out/validated/${chart}.svg`), 'utf8')).toContain(`best: step ${bestStep}`)
  })

  test('what does not fit the model is said before any work', async () => {
    expect(await extend('bad', "freeze: ['model.layer.0.*']")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^TRAINING_FREEZE: /m)
    })
    expect(await extend('bad', 'lora: { rank: 2, targets: [query] }')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^TRAINING_LORA: /m)
    })
    expect(
      await extend(
        'bad',
        'validate: { every: 3, suite: { perplexity: { data: held-out.jsonl, windows: [512] } }, metric: x }'
      )
    ).toMatchObject({ code: 2, stderr: expect.stringMatching(/^RECIPE_EVALUATION: /m) })
    expect(await extend('bad', 'lora: { rank: 0, targets: all-linear }')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^RECIPE_INVALID: .*train\.lora\.rank/m)
    })
  })
})
