// SKIPWISE_FUZZ_RUNS=100000 npx vitest run src/fuzz.test.ts
import { fuzzReader } from '@skipwise/testing'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../test/folder.js'
import { golden } from '../test/golden.js'
import { openCheckpoint } from './checkpoint.js'
import { readModelConfig, stringifyConfig } from './model-config.js'
import { openSafetensors } from './safetensors-file.js'
import { readSealedSafetensors } from './sealed.js'
import type { TensorSource } from './tensor-source.js'
import { openTorchFile } from './torch-file.js'
import { writeSafetensors } from './write-checkpoint.js'

const mixed = Buffer.from((golden('mixed.json') as { file: string }).file, 'base64')
const torch = (name: string) => readFileSync(join(import.meta.dirname, '../test/golden/torch', name))

/** Opens a mutated file and reads every tensor. */
const reading = (path: string, open: () => Promise<TensorSource>) =>
  async function* (mutated: Uint8Array) {
    await writeFile(path, mutated)
    const source = await open()
    try {
      yield source
      for (const name of source.names) {
        const raw = await source.readRaw(name)
        expect(raw.length).toBe(source.info(name).byteLength)
        yield raw
      }
    } finally {
      await source.close()
    }
  }

/** Prints what was seen when more than a test's usual share was asked for. */
const report = (what: string, seen: object) => {
  if (process.env['SKIPWISE_FUZZ_RUNS']) process.stderr.write(`${what}: ${JSON.stringify(seen)}\n`)
}

test('mutated safetensors files', { timeout: 0 }, async () => {
  const path = join(await temporaryFolder(), 'mutated.safetensors')
  report('safetensors', await fuzzReader({ files: [mixed], read: reading(path, () => openSafetensors(path)) }))
})

test.each([
  ['the zip format', ['views.bin', 'dtypes.bin', 'module.bin']],
  ['the format before torch 1.6', ['views-legacy.bin']]
])('mutated torch files, %s', { timeout: 0 }, async (format, names) => {
  const path = join(await temporaryFolder(), 'mutated.bin')
  report(format, await fuzzReader({ files: names.map(torch), read: reading(path, () => openTorchFile(path)) }))
})

test.each(['model.safetensors.index.json', 'pytorch_model.bin.index.json'])(
  'mutated %s',
  { timeout: 0 },
  async name => {
    const folder = await temporaryFolder()
    const safetensors = name.startsWith('model')
    const shards = safetensors
      ? ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
      : ['dtypes.bin', 'module.bin']
    for (const [i, shard] of shards.entries()) {
      if (safetensors)
        await writeSafetensors(
          join(folder, shard),
          ['embed', 'block', 'norm'].map(part => ({
            name: `${part}.${i}.weight`,
            shape: [2, 3],
            data: new Float32Array(6)
          }))
        )
      else await writeFile(join(folder, shard), torch(shard))
    }
    const tensors = safetensors
      ? shards.flatMap((shard, i) => ['embed', 'block', 'norm'].map(part => [`${part}.${i}.weight`, shard]))
      : [
          ['float16', shards[0]],
          ['int8', shards[0]],
          ['0.weight', shards[1]]
        ]
    const index = new TextEncoder().encode(
      JSON.stringify({ metadata: { total_size: 144 }, weight_map: Object.fromEntries(tensors) }, null, 2)
    )
    const read = reading(join(folder, name), () => openCheckpoint(folder))
    for await (const _ of read(index));
    // The shards are read besides the mutated index.
    report(name, await fuzzReader({ files: [index], read }))
  }
)

test('mutated sealed files: what is read is what was written', { timeout: 0 }, async () => {
  const path = join(await temporaryFolder(), 'state.safetensors')
  const tensors = ['losses', 'matrix'].map((name, i) => ({
    name,
    shape: [3 + i],
    data: Float32Array.of(1, 2, 3, 4).subarray(0, 3 + i)
  }))
  await writeSafetensors(path, tensors, { metadata: { step: '3', runKey: 'key' }, sealed: true })
  const written = readFileSync(path)
  const seen = await fuzzReader({
    files: [written],
    read: async function* (mutated) {
      await writeFile(path, mutated)
      yield await readSealedSafetensors(path)
      expect(Buffer.compare(written, mutated)).toBe(0)
    }
  })
  report('sealed', seen)
})

test('mutated config.json', { timeout: 0 }, async () => {
  const folder = await temporaryFolder()
  const config = {
    model_type: 'llama',
    hidden_size: 16,
    rope_scaling: { rope_type: 'yarn', factor: 8, long_factor: [1, 2.5] },
    eos_token_id: [1, 2]
  }
  const seen = await fuzzReader({
    files: [new TextEncoder().encode(JSON.stringify(config, null, 2))],
    read: async function* (mutated) {
      await writeFile(join(folder, 'config.json'), mutated)
      yield stringifyConfig(await readModelConfig(folder))
    }
  })
  report('config.json', seen)
})
