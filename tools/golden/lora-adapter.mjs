// The base model and the adapter of the golden values of @skipwise/training, as folders; tools/golden/lora.py loads
// them with PEFT. Build first: npx nx run-many -t build -p @skipwise/training @skipwise/arch-llama
// usage: node tools/golden/lora-adapter.mjs FOLDER [rslora]
import { join } from 'node:path'
import { llama } from '../../packages/arch-llama/dist/index.js'
import { writeCheckpoint, writeModelConfig } from '../../packages/checkpoints/dist/index.js'
import { randomStream } from '../../packages/core/dist/index.js'
import {
  initializeAdapters,
  initializeWeights,
  trainedParameters,
  writePeftAdapter
} from '../../packages/training/dist/index.js'

const [folder, scaling] = process.argv.slice(2)
const config = {
  model_type: 'llama',
  vocab_size: 32,
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  max_position_embeddings: 24
}
const lora = {
  rank: 2,
  alpha: 8,
  targets: ['q_proj', 'v_proj', 'down_proj'],
  alsoTrain: ['layernorm'],
  seed: 5,
  ...(scaling === 'rslora' && { rankStabilized: true })
}

const model = llama().define(config)
const base = initializeWeights(model, { seed: 0 })
await writeCheckpoint(
  join(folder, 'base'),
  model.parameters.map(({ name, shape }) => ({ name, shape, data: base.get(name) }))
)
await writeModelConfig(join(folder, 'base'), {
  architectures: ['LlamaForCausalLM'],
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  tie_word_embeddings: false,
  ...config
})

// A as it starts, B and norms random
const { adapters, trained } = trainedParameters(model, { lora })
const tensors = initializeAdapters(adapters, lora.seed)
for (const { name, shape } of trained) {
  const random = randomStream({ seed: 1, stream: name })
  if (!name.endsWith('lora_A.weight'))
    tensors.set(
      name,
      Float32Array.from(
        { length: shape.reduce((a, b) => a * b) },
        () => (name.endsWith('norm.weight') ? 1 : 0) + 0.2 * random.normal()
      )
    )
}
await writePeftAdapter(join(folder, 'adapter'), { parameters: model.parameters, lora, tensors, baseModel: null })
process.stdout.write(JSON.stringify(lora))
