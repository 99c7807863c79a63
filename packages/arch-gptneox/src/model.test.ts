import { describeArchitecture } from '@skipwise/testing'
import { gptneox } from './index.js'

const small = {
  model_type: 'gpt_neox',
  vocab_size: 9,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  max_position_embeddings: 64,
  rotary_pct: 0.5
}

describeArchitecture(gptneox, {
  configs: {
    'half a head turned': small,
    'whole heads turned': { ...small, rotary_pct: 1, num_hidden_layers: 1 },
    'one residual after the other': { ...small, use_parallel_residual: false },
    'attention without biases': { ...small, attention_bias: false, num_hidden_layers: 1 },
    'tied embeddings': { ...small, tie_word_embeddings: true, num_hidden_layers: 1 },
    'another activation': { ...small, hidden_act: 'gelu_new', num_hidden_layers: 1 }
  }
})
