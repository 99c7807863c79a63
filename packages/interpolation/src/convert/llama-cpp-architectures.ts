import { shown } from '../json-keys.js'
import type { TextModel } from '../text-model.js'
import { inexpressible } from './conversion.js'

/** How the graph of an architecture takes a table of factors λ̂_i = θ_i / θ'_i. */
export type FactorTensors =
  /** `rope_freqs.weight`, or two lists when the scaling type is longrope. */
  | 'one'
  /** Only `rope_factors_short.weight` and `rope_factors_long.weight`. */
  | 'two'

/** An architecture of llama.cpp. */
export interface LlamaCppArchitecture {
  /** `general.architecture`, the prefix of the keys of a GGUF. */
  readonly name: string
  /** undefined: the graph ignores tables. */
  readonly factors: FactorTensors | undefined
  /** Its sliding layers have a separate base and are never scaled. */
  readonly slidingPlain: boolean
}

/**
 * `general.architecture` by `model_type` (llama.cpp: `LLM_ARCH_NAMES`, and `model_arch` of the classes in `conversion/`
 * that are registered for the model's class). A type that is not listed has no known converter there.
 */
const architectureNames: Readonly<Record<string, string>> = {
  Yi: 'llama',
  afmoe: 'afmoe',
  apertus: 'apertus',
  arcee: 'arcee',
  aya_vision: 'cohere2',
  baichuan: 'baichuan',
  bamba: 'granitehybrid',
  bitnet: 'bitnet',
  chatglm: 'chatglm',
  cohere: 'command-r',
  cohere2: 'cohere2',
  dbrx: 'dbrx',
  deepseek: 'deepseek',
  deepseek_v2: 'deepseek2',
  deepseek_v3: 'deepseek2',
  dots1: 'dots1',
  ernie4_5: 'ernie4_5',
  ernie4_5_moe: 'ernie4_5-moe',
  exaone: 'exaone',
  exaone4: 'exaone4',
  exaone_moe: 'exaone-moe',
  falcon: 'falcon',
  RefinedWeb: 'falcon',
  RefinedWebModel: 'falcon',
  falcon_h1: 'falcon-h1',
  gemma: 'gemma',
  gemma2: 'gemma2',
  gemma3: 'gemma3',
  gemma3_text: 'gemma3',
  gemma3n: 'gemma3n',
  gemma3n_text: 'gemma3n',
  gemma4: 'gemma4',
  gemma4_text: 'gemma4',
  glm: 'chatglm',
  glm4: 'glm4',
  glm4_moe: 'glm4moe',
  glm4_moe_lite: 'deepseek2',
  glm_moe_dsa: 'glm-dsa',
  gpt_neox: 'gptneox',
  gpt_oss: 'gpt-oss',
  granite: 'granite',
  granitemoe: 'granitemoe',
  granitemoehybrid: 'granitehybrid',
  granitemoeshared: 'granitemoe',
  hunyuan_v1_dense: 'hunyuan-dense',
  hunyuan_v1_moe: 'hunyuan-moe',
  internlm2: 'internlm2',
  internlm3: 'llama',
  jais2: 'jais2',
  kimi_k2: 'deepseek2',
  lfm2: 'lfm2',
  lfm2_moe: 'lfm2moe',
  llama: 'llama',
  code_llama: 'llama',
  llama4: 'llama4',
  llama4_text: 'llama4',
  mellum: 'mellum',
  mimo_v2_flash: 'mimo2',
  minicpm: 'minicpm',
  minicpm3: 'minicpm3',
  minimax_m2: 'minimax-m2',
  ministral3: 'mistral3',
  mistral: 'llama',
  mistral4: 'mistral4',
  mixtral: 'llama',
  modernbert: 'modern-bert',
  nemotron: 'nemotron',
  olmo: 'olmo',
  olmo2: 'olmo2',
  olmo3: 'olmo2',
  olmoe: 'olmoe',
  orion: 'orion',
  phi: 'phi2',
  phi3: 'phi3',
  phimoe: 'phimoe',
  qwen: 'qwen',
  qwen2: 'qwen2',
  qwen2_5_vl: 'qwen2vl',
  qwen2_5_vl_text: 'qwen2vl',
  qwen2_moe: 'qwen2moe',
  qwen2_vl: 'qwen2vl',
  qwen2_vl_text: 'qwen2vl',
  qwen3: 'qwen3',
  qwen3_5_moe_text: 'qwen35moe',
  qwen3_5_text: 'qwen35',
  qwen3_moe: 'qwen3moe',
  qwen3_next: 'qwen3next',
  qwen3_vl_moe_text: 'qwen3vlmoe',
  qwen3_vl_text: 'qwen3vl',
  seed_oss: 'seed_oss',
  smollm3: 'smollm3',
  stablelm: 'stablelm',
  stablelm_epoch: 'stablelm',
  starcoder2: 'starcoder2',
  xverse: 'xverse',
  youtu: 'deepseek2'
}

/** What the graphs in `src/models` pass to the rotation. */
const factorTensors: Readonly<Record<string, FactorTensors>> = {
  llama: 'one',
  llama4: 'one',
  phi3: 'two',
  phimoe: 'two',
  minicpm3: 'two'
}

/**
 * How llama.cpp takes tables of factors for an architecture of its own, by `general.architecture`; undefined for one
 * whose graph ignores them.
 */
export const llamaCppFactors = (architecture: string): FactorTensors | undefined =>
  Object.hasOwn(factorTensors, architecture) ? factorTensors[architecture] : undefined

/** Architectures whose sliding layers rotate with `rope.freq_base_swa`, unscaled. */
const slidingPlain: readonly string[] = ['gemma3', 'gemma3n', 'olmo2']

/**
 * The architecture of a model; a file without `model_type` is a LLaMA. undefined for one that llama.cpp is not known to
 * have.
 */
export function findLlamaCppArchitecture({
  name: type = 'llama'
}: Pick<TextModel, 'name'>): LlamaCppArchitecture | undefined {
  if (!Object.hasOwn(architectureNames, type)) return undefined
  const name = architectureNames[type]
  return { name, factors: llamaCppFactors(name), slidingPlain: slidingPlain.includes(name) }
}

/** @throws SkipwiseError `ROPE_INEXPRESSIBLE` for a model that llama.cpp is not known to have */
export function llamaCppArchitecture(model: Pick<TextModel, 'name'>): LlamaCppArchitecture {
  const found = findLlamaCppArchitecture(model)
  if (found) return found
  throw inexpressible(
    'llama.cpp',
    `no name of an architecture is known for the model type ${shown(model.name)}, and its keys begin with that`,
    'serve it with transformers or vLLM; if llama.cpp has the model, set the keys by hand'
  )
}
