import { llama } from '@skipwise/arch-llama'
import { openCheckpoint, openSafetensors, readModelConfig } from '@skipwise/checkpoints'
import { createRegistry } from '@skipwise/core'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { createLanguageModel } from '@skipwise/inference'
import { interpolationPlugins, readHuggingFaceRope } from '@skipwise/interpolation'
import { rotaryHalf } from '@skipwise/positional-encodings'
import { byteTokenizer, logProbabilities, matchers, sharedFixture } from '@skipwise/testing'
import { describe, expect, test } from 'vitest'

expect.extend(matchers)

// Logits of transformers in float64 (case.json of each); the first row of each batch has positions 0 … T − 1.
const names = [
  'llama-default',
  'llama-gqa-linear',
  'llama-gqa-yarn',
  'llama-llama3',
  'llama-longrope',
  'llama-sharded-bf16',
  'llama-yarn-knobs',
  'mistral-default',
  'qwen2-yarn'
]
const interpolations = createRegistry().register(...interpolationPlugins)
const executor = await openOnnxExecutor({ threads: 1 })

describe('scores of a checkpoint are those of transformers', () => {
  for (const name of names) {
    const folder = sharedFixture(`models/${name}`)
    test.skipIf(!folder)(name, async () => {
      const config = await readModelConfig(folder!)
      const model = llama().define(config)
      const rope = readHuggingFaceRope(config)
      const scheme = interpolations.resolveUnknown('interpolation', rope)
      const checkpoint = await openCheckpoint(folder!)
      const expected = await openSafetensors(`${folder}/expected.safetensors`)
      const [, T] = expected.info('input_ids').shape
      const V = model.geometry.vocabSize
      const first = async (key: string) =>
        Int32Array.from((await expected.read(key)) as ArrayLike<number>).subarray(0, T)
      const ids = await first('input_ids')
      expect(await first('position_ids')).toEqual(Int32Array.from({ length: T }, (_, t) => t))
      const logits = (await expected.read('logits')) as Float32Array
      // Transformers takes the frequencies of the largest position of the batch; only LongRoPE's depend on it.
      const longest = Math.max(...Array.from((await expected.read('position_ids')) as ArrayLike<number>)) + 1
      for (const chunk of [8, 512]) {
        const languageModel = await createLanguageModel({
          name,
          model,
          encoding: rotaryHalf(),
          executor,
          tokenizer: byteTokenizer(),
          maxLength: T,
          options: { chunk },
          frequencies: scheme.frequencies({ ...rope.geometry, length: longest }),
          weights: async parameter => (await checkpoint.read(parameter)) as Float32Array
        })
        expect(await languageModel.score(ids)).toBeAllclose(logProbabilities(logits, ids, V), { absolute: 1e-5 })
        languageModel.dispose()
      }
      await checkpoint.close()
      await expected.close()
    })
  }
})
