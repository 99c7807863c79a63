import { describeArchitecture } from '@skipwise/testing'
import { phi } from './index.js'

const small = {
  model_type: 'phi',
  vocab_size: 9,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  max_position_embeddings: 64
}

describeArchitecture(phi, {
  configs: {
    'half a head turned': small,
    'whole heads turned, grouped queries': {
      ...small,
      partial_rotary_factor: 1,
      num_key_value_heads: 1,
      num_hidden_layers: 1
    },
    'norms of queries and keys': { ...small, qk_layernorm: true, num_hidden_layers: 1 },
    'tied embeddings': { ...small, tie_word_embeddings: true, num_hidden_layers: 1 },
    'another activation': { ...small, hidden_act: 'relu2', num_hidden_layers: 1 }
  }
})
