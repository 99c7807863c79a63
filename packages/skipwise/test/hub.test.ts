import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { serveHub } from '../../hub/test/hub-server.js'
import { extendRecipe, skipwise } from './workspace.js'

const cwd = mkdtempSync(join(tmpdir(), 'skipwise-hub-'))
afterAll(() => rmSync(cwd, { recursive: true }))

test('a command reads a model of the Hub, and prints neither the download on standard output nor the token', async () => {
  const config = {
    model_type: 'llama',
    hidden_size: 64,
    num_attention_heads: 4,
    max_position_embeddings: 2048,
    rope_theta: 10000
  }
  const server = await serveHub({ 'config.json': { bytes: new TextEncoder().encode(JSON.stringify(config)) } })
  const env = {
    HF_ENDPOINT: server.endpoint,
    HF_HUB_CACHE: join(cwd, 'cache'),
    HF_TOKEN: 'hf_secretsecret',
    HF_HUB_OFFLINE: ''
  }
  const { code, stdout, stderr } = await skipwise(['doctor', 'hub:owner/model', '--json'], { cwd, env })
  expect(code, stderr).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ file: expect.stringContaining(server.commit), wrong: false })
  expect(server.requests[0].authorization).toBe('Bearer hf_secretsecret')
  server.faults.status = 401
  const refused = await skipwise(['generate', 'hub:owner/model', 'Hello'], { cwd, env })
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^HUB_UNAUTHORIZED: /m) })
  expect(refused.stderr).not.toContain('secret')
  writeFileSync(join(cwd, 'text.jsonl'), '{"text": "a text"}\n')
  writeFileSync(join(cwd, 'recipe.yaml'), extendRecipe.replace('model: base', 'model: hub:owner/model@main'))
  expect(await skipwise(['extend', 'recipe.yaml'], { cwd, env })).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^HUB_UNAUTHORIZED: .*owner\/model@main/m)
  })
  expect(await skipwise(['doctor', 'hub:../evil'], { cwd, env })).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^HUB_REFERENCE: /m)
  })
})
