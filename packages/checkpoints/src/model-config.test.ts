import { fc, test } from '@fast-check/vitest'
import { sharedFixture } from '@skipwise/testing'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { temporaryFolder } from '../test/folder.js'
import { applyRope, readModelConfig, stringifyConfig, writeModelConfig } from './model-config.js'

describe('readModelConfig', () => {
  test('says what is missing or invalid', async () => {
    const folder = await temporaryFolder()
    await expect(readModelConfig(folder)).rejects.toThrow(/^MODEL_CONFIG_NOT_FOUND/)
    for (const text of ['', '{', '[]', 'null', '1', '{"a": NaN}']) {
      await writeFile(join(folder, 'config.json'), text)
      await expect(readModelConfig(folder), text).rejects.toThrow(/^MODEL_CONFIG_INVALID/)
    }
    const other = await temporaryFolder()
    await mkdir(join(other, 'config.json'))
    await expect(readModelConfig(other)).rejects.toThrow(/^FILE_REFUSED.*not a regular file/)
  })
})

describe('writeModelConfig', () => {
  test.skipIf(!sharedFixture('models'))('prints the values that transformers printed, floats as floats', async () => {
    for (const name of ['llama-default', 'llama-sharded-bf16', 'llama-gqa-yarn', 'llama-llama3', 'llama-longrope']) {
      const source = join(sharedFixture('models') as string, name)
      const target = await temporaryFolder()
      await writeModelConfig(target, await readModelConfig(source))
      // Python prints 1e-05 where JavaScript prints 0.00001: a number counts by its value and by whether it is spelled
      // as a float.
      const tokens = async (folder: string) =>
        (await readFile(join(folder, 'config.json'), 'utf8'))
          .replace(/\s+/g, '')
          .replace(/(?<=[:[,])-?\d[\d.e+-]*/g, number => `${Number(number)} ${/[.e]/.test(number) ? 'float' : 'int'}`)
      expect(await tokens(target), name).toBe(await tokens(source))
    }
  })

  test('prints floats with a point, integers without, keys sorted', () => {
    const text = stringifyConfig({
      z: 1,
      rope_scaling: { factor: 8, original_max_position_embeddings: 2048, long_factor: [1, 1.5] },
      rms_norm_eps: 1e-6,
      empty: {},
      none: [],
      absent: undefined
    })
    expect(text).toBe(`{
  "empty": {},
  "none": [],
  "rms_norm_eps": 0.000001,
  "rope_scaling": {
    "factor": 8.0,
    "long_factor": [
      1.0,
      1.5
    ],
    "original_max_position_embeddings": 2048
  },
  "z": 1
}
`)
  })

  test.prop([fc.dictionary(fc.string(), fc.jsonValue())])('any configuration is read back', config => {
    expect(JSON.parse(stringifyConfig(config))).toEqual(JSON.parse(JSON.stringify(config)))
  })
})

describe('applyRope', () => {
  const rope = {
    rope_parameters: { rope_type: 'linear', factor: 8, rope_theta: 10000 },
    rope_scaling: { rope_type: 'linear', factor: 8 },
    rope_theta: 10000,
    max_position_embeddings: 16384
  }
  test('sets the keys of both generations and keeps the rest', () => {
    const before = { model_type: 'llama', custom: [1], rope_scaling: null, max_position_embeddings: 2048 }
    expect(applyRope(before, rope)).toEqual({ model_type: 'llama', custom: [1], ...rope })
    expect(before.max_position_embeddings).toBe(2048)
  })
  test('an original window at the top, which transformers reads first, follows the new one or goes', () => {
    const before = {
      original_max_position_embeddings: 8192,
      rope_parameters: { rope_type: 'llama3', original_max_position_embeddings: 8192 }
    }
    const longer = { ...rope, rope_parameters: { rope_type: 'yarn', original_max_position_embeddings: 131072 } }
    expect(applyRope(before, longer)).toMatchObject({ original_max_position_embeddings: 131072 })
    expect(applyRope(before, rope)).not.toHaveProperty('original_max_position_embeddings')
    expect(applyRope({}, longer)).not.toHaveProperty('original_max_position_embeddings')
    expect(applyRope({}, { ...longer, original_max_position_embeddings: 131072 })).toMatchObject({
      original_max_position_embeddings: 131072
    })
  })
  test('keeps the partial rotary factor of the model', () => {
    const after = applyRope({ rope_parameters: { rope_type: 'default', partial_rotary_factor: 0.25 } }, rope)
    expect(after['rope_parameters']).toEqual({ ...rope.rope_parameters, partial_rotary_factor: 0.25 })
  })
})
