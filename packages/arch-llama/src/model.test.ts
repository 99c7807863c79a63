import { describeArchitecture } from '@skipwise/testing'
import { llama } from './index.js'

const small = { model_type: 'llama', vocab_size: 9, hidden_size: 8, intermediate_size: 12, num_hidden_layers: 2, num_attention_heads: 2, max_position_embeddings: 64 }

describeArchitecture(llama, {
  configs: {
    'multi-head attention': small,
    'grouped queries': { ...small, num_attention_heads: 4, num_key_value_heads: 2, head_dim: 4 },
    'tied embeddings': { ...small, tie_word_embeddings: true, num_hidden_layers: 1 },
    'biases everywhere': { ...small, attention_bias: true, mlp_bias: true, num_hidden_layers: 1 },
    'the biases of Qwen2': { ...small, model_type: 'qwen2', num_key_value_heads: 1, num_hidden_layers: 1 }
  }
})
