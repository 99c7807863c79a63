import { embeddingSpecs, gatedMlp, linearSpecs, normSpecs, selfAttention, type ModelDefinition } from '@skipwise/nn'
import { embedding, rmsNorm, type tf } from '@skipwise/runtime'

/** Sizes of a {@link decoder}, all ≥ 1. */
export interface DecoderSizes {
  /** V; 32 if not given. */
  readonly vocabSize?: number
  /** d; 16 if not given. */
  readonly hiddenSize?: number
  /** Width of the feed-forward layer; 2 d if not given. */
  readonly intermediateSize?: number
  /** 2 if not given. */
  readonly layers?: number
  /** H; 2 if not given. */
  readonly heads?: number
  /** K, divides H; H if not given. */
  readonly keyValueHeads?: number
  /** D, even; d / H if not given. */
  readonly headDim?: number
  /** Window in tokens; 64 if not given. */
  readonly maxPositionEmbeddings?: number
}

const EPSILON = 1e-6

/**
 * A decoder of the parts of `@skipwise/nn`, for tests that need some model and no plugin: pre-norm blocks of rotary
 * attention and a gated feed-forward layer, under the names that transformers gives the parameters of a LLaMA. It
 * passes {@link describeArchitecture}.
 */
export function decoder(sizes: DecoderSizes = {}): ModelDefinition {
  const {
    vocabSize = 32,
    hiddenSize = 16,
    intermediateSize = 2 * hiddenSize,
    layers = 2,
    heads = 2,
    keyValueHeads = heads,
    headDim = hiddenSize / heads,
    maxPositionEmbeddings = 64
  } = sizes
  const geometry = {
    vocabSize,
    hiddenSize,
    layers,
    heads,
    keyValueHeads,
    headDim,
    rotaryDim: headDim,
    maxPositionEmbeddings
  }
  const blockSpecs = (prefix: string) => [
    ...normSpecs(`${prefix}.input_layernorm`, hiddenSize),
    ...linearSpecs(`${prefix}.self_attn.q_proj`, heads * headDim, hiddenSize),
    ...linearSpecs(`${prefix}.self_attn.k_proj`, keyValueHeads * headDim, hiddenSize),
    ...linearSpecs(`${prefix}.self_attn.v_proj`, keyValueHeads * headDim, hiddenSize),
    ...linearSpecs(`${prefix}.self_attn.o_proj`, hiddenSize, heads * headDim),
    ...normSpecs(`${prefix}.post_attention_layernorm`, hiddenSize),
    ...linearSpecs(`${prefix}.mlp.gate_proj`, intermediateSize, hiddenSize),
    ...linearSpecs(`${prefix}.mlp.up_proj`, intermediateSize, hiddenSize),
    ...linearSpecs(`${prefix}.mlp.down_proj`, hiddenSize, intermediateSize)
  ]
  return {
    geometry,
    positionalEncoding: 'rotary-half',
    windowKeys: ['max_position_embeddings'],
    parameters: [
      ...embeddingSpecs('model.embed_tokens', vocabSize, hiddenSize),
      ...Array.from({ length: layers }, (_, layer) => blockSpecs(`model.layers.${layer}`)).flat(),
      ...normSpecs('model.norm', hiddenSize),
      ...linearSpecs('lm_head', vocabSize, hiddenSize)
    ],
    embed: (parameters, ids) => embedding(parameters['model.embed_tokens.weight'] as tf.Tensor2D, ids),
    block(parameters, layer, x, context) {
      if (layer < 0 || layer >= layers) throw new RangeError(`layer ${layer} of ${layers}`)
      const prefix = `model.layers.${layer}`
      const norm = (name: string, input: tf.Tensor2D) =>
        rmsNorm(input, parameters[`${prefix}.${name}.weight`] as tf.Tensor1D, EPSILON)
      const residual = x.add(
        selfAttention(parameters, `${prefix}.self_attn`, norm('input_layernorm', x), layer, geometry, context)
      ) as tf.Tensor2D
      return residual.add(
        gatedMlp(parameters, `${prefix}.mlp`, norm('post_attention_layernorm', residual))
      ) as tf.Tensor2D
    },
    head: (parameters, x) => ({
      hidden: rmsNorm(x, parameters['model.norm.weight'] as tf.Tensor1D, EPSILON),
      weight: parameters['lm_head.weight'] as tf.Tensor2D
    })
  }
}
