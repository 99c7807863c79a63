import { numberAt, openGguf, textAt, type GgufFile } from '@skipwise/gguf'
import { diagnoseRope, llamaCppFactors, type Diagnosis, type Finding, type RopeNumbers } from '@skipwise/interpolation'
import type { Terminal } from '../terminal.js'
import { showDiagnosis } from '../show-diagnosis.js'

/** `skipwise doctor FILE.gguf`: what llama.cpp computes of the RoPE keys of a file; exit code 1 when it is wrong. */
export async function doctorGguf(file: string, terminal: Terminal): Promise<number> {
  const gguf = await openGguf(file)
  try {
    const diagnosis = await diagnoseGguf(gguf)
    if (terminal.json) terminal.result({ file, for: 'llama.cpp', ...diagnosis })
    else showDiagnosis(file, diagnosis, terminal)
    return diagnosis.wrong ? 1 : 0
  } finally {
    await gguf.close()
  }
}

/** The RoPE keys of a file, with the defaults of llama.cpp. */
interface GgufRope {
  readonly architecture: string
  readonly base: number
  readonly dims: number
  readonly context: number
  /** `none`, `linear`, `yarn` or `longrope`. */
  readonly type: string
  readonly factor: number
  readonly original: number
  /** `rope.scaling.attn_factor`. */
  readonly given: number | undefined
  /** A, by which cos and sin are multiplied. */
  readonly attention: number
  /** λ̂_i [R/2] that frequencies are divided by; undefined for none. */
  readonly table: readonly number[] | undefined
}

/** What llama.cpp multiplies by itself for yarn. */
const ownAttention = ({ type, factor }: Pick<GgufRope, 'type' | 'factor'>) =>
  type === 'yarn' && factor > 1 ? 0.1 * Math.log(factor) + 1 : 1

/**
 * The numbers that llama.cpp computes with, and what is wrong in the file.
 *
 * @throws SkipwiseError what reading the tables throws
 */
export async function diagnoseGguf(gguf: GgufFile): Promise<Diagnosis> {
  const architecture = textAt(gguf.metadata, 'general.architecture')
  if (architecture === undefined)
    return {
      ropes: [],
      findings: [wrong('gguf-architecture', 'the file has no general.architecture', 'llama.cpp does not load it')],
      wrong: true
    }
  if (numberAt(gguf.metadata, `${architecture}.attention.max_alibi_bias`) !== undefined) {
    const window = numberAt(gguf.metadata, `${architecture}.context_length`)
    const findings = otherFindings(gguf, architecture)
    return { ropes: [], positions: 'ALiBi', ...(window && { window }), findings, wrong: findings.length > 0 }
  }
  const rope = await readRope(gguf, architecture)
  const findings = [...ropeFindings(gguf, rope), ...otherFindings(gguf, architecture)]
  const ropes = numbersOf(rope)
  return { ropes, findings, wrong: findings.some(({ level }) => level === 'wrong') }
}

async function readRope(gguf: GgufFile, architecture: string): Promise<GgufRope> {
  const number = (key: string) => numberAt(gguf.metadata, `${architecture}.${key}`)
  const heads = number('attention.head_count') ?? 1
  const dims =
    number('rope.dimension_count') ?? number('attention.key_length') ?? (number('embedding_length') ?? 2) / heads
  const context = number('context_length') ?? 0
  const factor = number('rope.scaling.factor') ?? 1
  // files of early llama.cpp have a factor and no type
  const type = textAt(gguf.metadata, `${architecture}.rope.scaling.type`) ?? 'linear'
  const original = number('rope.scaling.original_context_length') ?? context
  const given = number('rope.scaling.attn_factor')
  const attention = (given ?? 1) * ownAttention({ type, factor })
  return {
    architecture,
    base: number('rope.freq_base') ?? 10000,
    dims,
    context,
    type: type === 'linear' && factor === 1 ? 'none' : type,
    factor: type === 'none' || type === 'longrope' ? 1 : factor,
    original,
    given,
    attention,
    table: await readTable(gguf, context > original ? 'long' : 'short')
  }
}

/** The table that counts at the context of the file. */
async function readTable(gguf: GgufFile, which: 'long' | 'short'): Promise<readonly number[] | undefined> {
  const name = [`rope_factors_${which}.weight`, 'rope_freqs.weight'].find(each => gguf.tensors.has(each))
  return name === undefined ? undefined : Array.from(await gguf.read(name))
}

/** The same RoPE in the keys of a `config.json`, for the numbers that `doctor` shows. */
function numbersOf(rope: GgufRope): readonly RopeNumbers[] {
  const { base, dims, context, type, factor, original, attention, table } = rope
  const scaling =
    type === 'yarn' && table === undefined
      ? { rope_type: 'yarn', factor, attention_factor: attention, original_max_position_embeddings: original }
      : type === 'linear' && table === undefined && attention === 1
        ? { rope_type: 'linear', factor }
        : table === undefined && attention === 1
          ? undefined
          : longropeOf(rope)
  const config = {
    model_type: 'llama',
    hidden_size: dims,
    num_attention_heads: 1,
    head_dim: dims,
    max_position_embeddings: context || original,
    rope_theta: base,
    ...(scaling && { rope_scaling: scaling })
  }
  return diagnoseRope(config, { stack: 'llama.cpp' }).ropes.map(numbers => ({ ...numbers, scheme: type }))
}

/** Frequencies as a table, whatever they come from. */
function longropeOf({ dims, factor, context, original, attention, table }: GgufRope) {
  const factors = Array.from({ length: dims / 2 }, (_, i) => (table?.[i] ?? 1) * factor)
  return {
    rope_type: 'longrope',
    long_factor: factors,
    short_factor: factors,
    factor: Math.max(1, context / original),
    original_max_position_embeddings: original,
    attention_factor: attention
  }
}

const wrong = (
  rule: string,
  problem: string,
  why: string,
  fix = 'export the model again: `skipwise export --for gguf`'
): Finding => ({ rule, level: 'wrong', stacks: ['llama.cpp'], problem, why, fix })

function ropeFindings(gguf: GgufFile, rope: GgufRope): Finding[] {
  const { architecture, type, factor, original, context, given, table } = rope
  const findings: Finding[] = []
  const own = ownAttention(rope)
  if (own > 1 && given !== undefined && Math.abs(given - own) < 1e-4)
    findings.push(
      wrong(
        'gguf-yarn-attention',
        `attn_factor is ${given.toPrecision(6)}, by which llama.cpp multiplies its own ${own.toPrecision(6)}`,
        'since its pull request 17945 it derives the factor of yarn itself: queries and keys are scaled twice'
      )
    )
  if (type === 'longrope' && table === undefined)
    findings.push(
      wrong(
        'gguf-longrope-tables',
        'the type is longrope, and the file has no tables of factors',
        'llama.cpp then scales nothing'
      )
    )
  const takes = llamaCppFactors(architecture)
  const tables = ['rope_freqs.weight', 'rope_factors_long.weight', 'rope_factors_short.weight'].filter(name =>
    gguf.tensors.has(name)
  )
  if (tables.length > 0 && takes === undefined)
    findings.push(
      wrong(
        'gguf-table-ignored',
        `the file has ${tables.join(', ')}, which the graph of ${architecture} does not read`,
        'llama.cpp does not load it: wrong number of tensors'
      )
    )
  if (['linear', 'yarn'].includes(type) && context > Math.round(factor * original) && original !== context)
    findings.push({
      ...wrong(
        'gguf-context',
        `context_length is ${context}, and ${type} reaches ${Math.round(factor * original)} (${original} × ${factor})`,
        'llama.cpp runs at any length, also where the scaling does not reach',
        `start it with -c ${Math.round(factor * original)} at most`
      ),
      level: 'note'
    })
  return findings
}

/** Layers of the two Baichuans that llama.cpp knows. */
const BAICHUAN_LAYERS = [32, 40]

function otherFindings({ metadata }: GgufFile, architecture: string): Finding[] {
  const findings: Finding[] = []
  const layers = numberAt(metadata, `${architecture}.block_count`) ?? 0
  if (architecture === 'baichuan' && !BAICHUAN_LAYERS.includes(layers))
    findings.push(
      wrong(
        'gguf-baichuan-layers',
        `the architecture is baichuan with ${layers} layers`,
        'llama.cpp has RoPE with 32 layers and ALiBi with 40; with others the model runs without positions'
      )
    )
  if (architecture === 'gptj')
    findings.push(
      wrong('gguf-gptj', 'the architecture is gptj', 'llama.cpp has its name and no graph', 'use another program')
    )
  const window = numberAt(metadata, `${architecture}.attention.sliding_window`)
  const context = numberAt(metadata, `${architecture}.context_length`) ?? 0
  if (['llama', 'qwen2', 'phi3'].includes(architecture) && window !== undefined && window > 0 && window < context)
    findings.push(
      wrong(
        'gguf-sliding-window',
        `the file has a sliding window of ${window} tokens`,
        `llama.cpp has none for ${architecture}: tokens attend to all before them`,
        `start it with -c ${window}, or serve the model with transformers or vLLM`
      )
    )
  const pre = textAt(metadata, 'tokenizer.ggml.pre')
  if (textAt(metadata, 'tokenizer.ggml.model') === 'gpt2' && (pre === undefined || pre === 'default'))
    findings.push(
      wrong(
        'gguf-pre-tokenizer',
        `tokenizer.ggml.pre is ${pre ?? 'missing'}`,
        'llama.cpp then cuts texts into words by rules that no model was trained with'
      )
    )
  return findings
}
