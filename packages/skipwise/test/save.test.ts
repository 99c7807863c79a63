import { readHuggingFaceRope } from '@skipwise/interpolation'
import { extendedConfig, openModelFolder, saveModel } from '@skipwise/experiment'
import { sharedFixture } from '@skipwise/testing'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { defaultRegistry } from '../src/registry.js'

const parts = { registry: defaultRegistry, readRope: readHuggingFaceRope }
const models = sharedFixture('models')
const tokenizer = sharedFixture('tokenizers/sentencepiece-bpe')
const temporary = mkdtempSync(join(tmpdir(), 'skipwise-save-'))
afterAll(() => rmSync(temporary, { recursive: true }))

/** Reads a folder as the product does, and writes it. */
async function resave(
  from: string,
  to: string,
  options: { dtype?: 'float32' | 'bfloat16' | 'float16'; maxShardBytes?: number; extend?: boolean } = {}
): Promise<string> {
  const source = await openModelFolder(from, parts)
  const { extend, ...rest } = options
  const scheme = defaultRegistry.resolve('interpolation', 'yarn', {})
  const geometry = { ...source.rope.geometry, targetLength: 4 * source.rope.geometry.originalLength }
  const config = extend
    ? extendedConfig(source, scheme.toHuggingFace(geometry))
    : { ...source.config, ...source.model.configKeys }
  await saveModel(to, {
    parameters: source.model.parameters,
    weights: await source.weights(),
    config,
    dtype: source.dtype,
    companions: [from],
    tokenizer: source.tokenizer,
    ...rest
  })
  return to
}

const bytesOf = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map(name => [name, readFileSync(join(folder, name)).toString('base64')])
  )

/** A model of the fixtures with a tokenizer and everything else that is copied. */
function modelFolder(name: string): string {
  const folder = join(temporary, `from-${name}`)
  cpSync(join(models as string, name), folder, { recursive: true })
  cpSync(join(tokenizer as string, 'tokenizer.model'), join(folder, 'tokenizer.model'))
  const others = {
    'tokenizer_config.json': { model_max_length: 100, bos_token: '<s>' },
    'special_tokens_map.json': { bos_token: '<s>' },
    'added_tokens.json': {}
  }
  for (const [file, content] of Object.entries(others)) writeFileSync(join(folder, file), JSON.stringify(content))
  writeFileSync(join(folder, 'chat_template.jinja'), '{{ messages }}')
  return folder
}

describe.skipIf(!models || !tokenizer)('save, load, save', () => {
  test.each(models ? readdirSync(models) : [])(
    '%s: the same bytes, as it is, in shards and in every data type',
    async name => {
      const from = modelFolder(name)
      const at = (step: string) => join(temporary, name, step)
      const once = await resave(from, at('once'))
      expect(readdirSync(once)).toEqual(
        expect.arrayContaining([
          'config.json',
          'model.safetensors',
          'tokenizer.model',
          'tokenizer_config.json',
          'special_tokens_map.json',
          'added_tokens.json',
          'chat_template.jinja',
          'generation_config.json'
        ])
      )
      expect(bytesOf(await resave(once, at('twice')))).toEqual(bytesOf(once))
      for (const dtype of ['float32', 'bfloat16', 'float16'] as const) {
        const sharded = await resave(from, at(dtype), { dtype, maxShardBytes: 20_000 })
        expect(readdirSync(sharded).filter(file => /-of-/.test(file)).length).toBeGreaterThan(1)
        expect(bytesOf(await resave(sharded, at(`${dtype}-again`), { maxShardBytes: 20_000 }))).toEqual(
          bytesOf(sharded)
        )
        // Float32 holds the values of every data type: the shards together hold what the fixture does.
        if (dtype === 'float32') expect(await weightsOf(sharded)).toEqual(await weightsOf(from))
      }
    }
  )

  test.each(['llama-default', 'gptj-partial-rotary', 'baichuan-7b'])(
    '%s, extended: old and new RoPE keys, and the same bytes again',
    async name => {
      const from = modelFolder(name)
      const extended = await resave(from, join(temporary, name, 'extended'), { extend: true })
      const config = JSON.parse(readFileSync(join(extended, 'config.json'), 'utf8')) as Record<
        string,
        Record<string, unknown>
      >
      expect(config['rope_scaling']).toMatchObject({ rope_type: 'yarn', factor: 4 })
      expect(config['rope_parameters']).toMatchObject({ rope_type: 'yarn', factor: 4 })
      expect(bytesOf(await resave(extended, join(temporary, name, 'extended-again')))).toEqual(bytesOf(extended))
    }
  )
})

const weightsOf = async (folder: string) => (await openModelFolder(folder, parts)).weights()
