import { describeArchitecture } from '@skipwise/testing'
import { gptj } from './index.js'

const small = {
  model_type: 'gptj',
  vocab_size: 9,
  n_embd: 8,
  n_layer: 2,
  n_head: 2,
  n_positions: 64,
  rotary_dim: 4,
  n_inner: 12
}

describeArchitecture(gptj, {
  configs: {
    'whole heads turned': small,
    'part of a head turned': { ...small, rotary_dim: 2 },
    'a feed-forward of four times the width': { ...small, n_inner: null, n_layer: 1 },
    'tied embeddings, which keep the bias': { ...small, tie_word_embeddings: true, n_layer: 1 },
    'another activation': { ...small, activation_function: 'gelu', n_layer: 1 }
  }
})
