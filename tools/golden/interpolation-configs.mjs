// The config.json files that `convertConfig` writes for the golden values of @skipwise/interpolation;
// tools/golden/interpolation.py reads them. Build first: npx nx run @skipwise/interpolation:build
import { createRegistry } from '../../packages/core/dist/index.js'
import { convertConfig, interpolationPlugins } from '../../packages/interpolation/dist/index.js'

const registry = createRegistry().register(...interpolationPlugins)
const resolve = reference => registry.resolveUnknown('interpolation', reference)
const llama = (original, factor, theta, head) => ({
  model_type: 'llama',
  hidden_size: 4 * head,
  intermediate_size: 64,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  num_hidden_layers: 1,
  vocab_size: 64,
  head_dim: head,
  max_position_embeddings: original * factor,
  rope_theta: theta,
  rope_scaling: { type: 'yarn', factor, original_max_position_embeddings: original }
})
const files = [llama(2048, 8, 10000, 128), llama(2048, 64, 10000, 128), llama(4096, 32, 500000, 64)]
const schemes = [
  { name: 'yarn-revised' },
  { name: 'yarn-paper' },
  { name: 'ntk-by-parts' },
  { name: 'ntk-fixed' },
  { name: 'ntk-fixed', config: { mixedB: 0.625 } },
  { name: 'ntk' },
  { name: 'yarn', config: { truncate: false, clamp: 'frequencies' } }
]
const cases = files.flatMap(file =>
  schemes.flatMap(scheme =>
    ['old', 'new'].map(keys => ({
      scheme,
      file,
      keys,
      config: convertConfig(file, { to: 'transformers', scheme, keys }, resolve).config
    }))
  )
)
process.stdout.write(JSON.stringify(cases))
