import { definePlugin, type StandardSchemaV1 } from '@skipwise/core'
import { configError, type Architecture } from '@skipwise/nn'
import { openInterpreter } from '@skipwise/runtime'
import { describeArchitecture } from '../conformance/architecture.js'
import { describeExecutor } from '../conformance/executor.js'
import { describePositionalEncoding } from '../conformance/positional-encoding.js'
import { decoder } from './decoder.js'
import { linearBias, rotary } from './encodings.js'

// The parts that engines are tested with are held to what plugins are held to.
const config: StandardSchemaV1<object, object> = {
  '~standard': { version: 1, vendor: 'testing', validate: () => ({ value: {} }) }
}
const architecture: Architecture = {
  modelTypes: ['testing'],
  define(config) {
    if (config['model_type'] !== 'testing') throw configError('a test', 'it is another model')
    return decoder({ ...(config as object), maxPositionEmbeddings: config['max_position_embeddings'] as number })
  }
}

describeArchitecture(
  definePlugin({
    kind: 'architecture',
    name: 'testing/decoder',
    summary: 'a decoder of the parts of nn',
    config,
    create: () => architecture
  }),
  {
    configs: {
      'grouped queries': {
        model_type: 'testing',
        vocabSize: 16,
        hiddenSize: 8,
        heads: 2,
        keyValueHeads: 1,
        headDim: 4,
        max_position_embeddings: 64
      }
    }
  }
)
describePositionalEncoding(
  definePlugin({ kind: 'positional-encoding', name: 'testing/rotary', summary: 'RoPE', config, create: () => rotary })
)
describePositionalEncoding(
  definePlugin({
    kind: 'positional-encoding',
    name: 'testing/linear-bias',
    summary: 'a bias by distance',
    config,
    create: () => linearBias
  }),
  { except: ['rotation'] }
)
describeExecutor('interpreter', () => openInterpreter())
