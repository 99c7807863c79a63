import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { skipwise } from './workspace.js'

const cwd = mkdtempSync(join(tmpdir(), 'skipwise-'))
afterAll(() => rmSync(cwd, { recursive: true, force: true }))
const run = (...args: string[]) => skipwise(args, { cwd })

const yarn =
  '{"model_type": "llama", "head_dim": 16, "max_position_embeddings": 16384, "rope_theta": 10000.0, "rope_scaling": {"type": "yarn", "factor": 8.0, "original_max_position_embeddings": 2048}}'
writeFileSync(join(cwd, 'config.json'), yarn)
writeFileSync(join(cwd, 'wrong.json'), yarn.replace('"factor": 8.0', '"factor": 4'))

test('doctor: 0 when nothing is wrong, 1 when something is, one JSON document', async () => {
  const sound = await run('doctor', '.', '--json')
  expect(sound.code).toBe(0)
  expect(JSON.parse(sound.stdout)).toMatchObject({
    for: null,
    wrong: false,
    ropes: [{ scheme: 'yarn', factor: 8, originalLength: 2048, attentionFactor: 1.2079441541679836 }]
  })
  const wrong = await run('doctor', 'wrong.json')
  expect(wrong).toMatchObject({ code: 1, stderr: '' })
  expect(wrong.stdout).toMatch(/^wrong factor-against-lengths: factor is 4, .* is 8$/m)
  expect(wrong.stdout).toMatch(/^wrong integer-factor \(transformers\): rope_scaling\.factor is written 4/m)
  expect(wrong.stdout).toMatch(/^2 things are wrong$/m)
})

test('doctor: the training that skipwise.json tells of, a stack, and misuse', async () => {
  writeFileSync(join(cwd, 'skipwise.json'), '{"interpolation": {"name": "yarn-revised"}, "window": {"original": 2048}}')
  expect((await run('doctor', 'config.json')).stdout).toMatch(/^wrong revised-yarn/m)
  writeFileSync(join(cwd, 'skipwise.json'), 'not JSON')
  expect((await run('doctor', 'config.json', '--for', 'llama.cpp')).code).toBe(0)
  expect(await run('doctor', '.', '--for', 'sglang')).toMatchObject({ code: 2, stdout: '' })
  expect((await run('doctor', 'nowhere.json')).stderr).toMatch(/^MODEL_CONFIG_NOT_FOUND: /)
})

test('convert: prints, writes, and never over a file unless told', async () => {
  const before = readdirSync(cwd)
  const printed = await run('convert', '.', '--to', 'transformers', '--scheme', 'yarn-revised')
  expect(printed).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(printed.stdout)).toMatchObject({ model_type: 'llama', rope_parameters: { rope_type: 'longrope' } })
  expect(printed.stdout).toContain('"factor": 8.0')
  expect(await run('convert', '.', '--to', 'transformers', '--output', '.')).toMatchObject({ code: 2, stdout: '' })
  expect(readFileSync(join(cwd, 'config.json'), 'utf8')).toBe(yarn)
  expect(readdirSync(cwd)).toEqual(before)
  expect(
    (await run('convert', '.', '--to', 'transformers', '--scheme', 'yarn-revised', '--output', 'new.json')).code
  ).toBe(0)
  expect(readFileSync(join(cwd, 'new.json'), 'utf8')).toBe(printed.stdout)
  expect((await run('convert', '.', '--to', 'transformers', '--output', '.', '--overwrite')).code).toBe(0)
  expect(JSON.parse(readFileSync(join(cwd, 'config.json'), 'utf8'))).toMatchObject({
    rope_parameters: { rope_type: 'yarn' }
  })
})

test('convert: what cannot be said is an error, and nothing is written', async () => {
  const refused = await run('convert', '.', '--to', 'litgpt', '--output', 'litgpt.json')
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr).toMatch(/^ROPE_INEXPRESSIBLE: litgpt: /)
  expect(readdirSync(cwd)).not.toContain('litgpt.json')
  const gguf = await run('convert', '.', '--to', 'llama.cpp', '--json')
  expect(JSON.parse(gguf.stdout)).toMatchObject({
    stack: 'llama.cpp',
    keys: { 'llama.rope.scaling.type': 'yarn', 'llama.rope.scaling.attn_factor': 1 }
  })
  expect((await run('convert', '.')).code).toBe(2)
})

test('convert: all that it does not change keeps its spelling and its place', async () => {
  const file =
    '{\n "z_first": 1.0,\n "model_type": "gemma2",\n "head_dim": 16,\n "final_logit_softcapping": 30.0,\n "seed": 12345678901234567890,\n "rope_theta": 10000,\n "max_position_embeddings": 4096\n}\n'
  writeFileSync(join(cwd, 'gemma.json'), file)
  const { stdout } = await run(
    'convert',
    'gemma.json',
    '--to',
    'transformers',
    '--scheme',
    'linear',
    '--target',
    '8192',
    '--keys',
    'old'
  )
  const lines = stdout.split('\n')
  for (const line of file.split('\n').slice(0, -3)) expect(lines).toContain(line)
  expect(stdout).toContain(
    ' "max_position_embeddings": 8192,\n "rope_scaling": {\n  "type": "linear",\n  "factor": 2.0\n }'
  )
})

test('doctor: a model without RoPE is said to have none', async () => {
  writeFileSync(
    join(cwd, 'bloom.json'),
    '{"model_type": "bloom", "hidden_size": 1024, "n_head": 16, "seq_length": 2048}'
  )
  const { code, stdout } = await run('doctor', 'bloom.json')
  expect(code).toBe(0)
  expect(stdout).toMatch(/positions +ALiBi, no RoPE\s+window +2k/)
  expect(await run('convert', 'bloom.json', '--to', 'vllm')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^ROPE_NONE: /)
  })
})

test('doctor and convert: keys from a file cannot move the cursor, and nesting is no internal error', async () => {
  const escape = '\\u001b]0;title\\u0007\\u009b31m'
  writeFileSync(
    join(cwd, 'escape.json'),
    yarn.replace('"llama"', `"${escape}"`).replace('"factor"', `"${escape}": 1, "factor"`)
  )
  writeFileSync(
    join(cwd, 'deep.json'),
    yarn.replace('"factor": 8.0', `"factor": ${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`)
  )
  for (const file of ['escape.json', 'deep.json']) {
    for (const args of [
      ['doctor', file],
      ['convert', file, '--to', 'transformers'],
      ['convert', file, '--to', 'llama.cpp']
    ]) {
      const { stdout, stderr } = await run(...args)
      // JSON has them escaped, and a colour has no place in a pipe
      expect(stdout + stderr).not.toMatch(/[\u0007\u001b\u0080-\u009f]/)
      expect(stderr).not.toContain('INTERNAL')
      expect(stderr.length).toBeLessThan(2000)
    }
  }
})
