// Random configurations through the reader and the doctor. SKIPWISE_FUZZ_RUNS=1000000 npx vitest run
// src/doctor/diagnose.fuzz.test.ts
import { createRegistry, isSkipwiseError, type PluginReference } from '@skipwise/core'
import { fc } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import {
  convertConfig,
  diagnoseRope,
  interpolationPlugins,
  readHuggingFaceRopes,
  stacks,
  type Stack
} from '../index.js'

const numRuns = Number(process.env['SKIPWISE_FUZZ_RUNS'] ?? 2000)
const timeout = 3_600_000

const factors = [1, 1.3, 2, 2.5, 3, 3.5, 4, 4]

/** The choices from which a file is made; undefined leaves the key out. */
const choices = fc.record({
  type: fc.constantFrom(
    'default',
    'linear',
    'dynamic',
    'yarn',
    'longrope',
    'su',
    'llama3',
    'proportional',
    'vanilla_ntk',
    'ntk',
    'dynamic-yarn'
  ),
  form: fc.constantFrom('old', 'new', 'both', 'nested'),
  factor: fc.constantFrom(undefined, 1, 2, 8, 1.5),
  inside: fc.constantFrom(undefined, 512, 2048, 8192),
  outside: fc.constantFrom(undefined, 512, 2048),
  window: fc.constantFrom(512, 1024, 2048, 4096, 16384),
  thetaInside: fc.constantFrom(undefined, 10000, 500000),
  thetaOutside: fc.constantFrom(undefined, 10000, 500000),
  attention: fc.constantFrom(undefined, 1.5),
  truncate: fc.constantFrom(undefined, false),
  extra: fc.constantFrom(undefined, 'beta_fasst', 'attn_factor', 'short_mscale', 'finetuned'),
  modelType: fc.constantFrom(undefined, 'llama', 'qwen2', 'gptj', 'baichuan', 'mixtral', 'unheard_of'),
  decimal: fc.boolean(),
  trainedWith: fc.constantFrom(undefined, 'yarn', 'yarn-revised'),
  trainedWindow: fc.constantFrom(undefined, 512, 4096),
  stack: fc.constantFrom<Stack | undefined>(undefined, 'transformers', 'vllm', 'llama.cpp', 'axolotl')
})
type Choices = typeof choices extends fc.Arbitrary<infer T> ? T : never

function makeFile(c: Choices): { config: Record<string, unknown>; text: string } {
  const lists = c.type === 'longrope' || c.type === 'su' ? { short_factor: factors, long_factor: factors } : {}
  const rotations = c.type === 'llama3' ? { low_freq_factor: 1, high_freq_factor: 4 } : {}
  const extra = c.extra === undefined ? {} : { [c.extra]: c.extra === 'finetuned' ? false : 1 }
  const rope = {
    rope_type: c.type,
    factor: c.factor,
    original_max_position_embeddings: c.inside,
    rope_theta: c.thetaInside,
    attention_factor: c.attention,
    truncate: c.truncate,
    ...lists,
    ...rotations,
    ...extra
  }
  const forms = {
    old: { rope_scaling: rope },
    new: { rope_parameters: rope },
    both: { rope_scaling: rope, rope_parameters: rope },
    nested: { rope_parameters: { full_attention: rope } }
  }[c.form]
  const file = {
    model_type: c.modelType,
    head_dim: 16,
    rotary_dim: c.modelType === 'gptj' ? 16 : undefined,
    max_position_embeddings: c.window,
    original_max_position_embeddings: c.outside,
    rope_theta: c.thetaOutside,
    ...forms
  }
  const text = JSON.stringify(file)
  const spelt = c.decimal ? text.replace(/("(?:factor|attention_factor)":\d+)(?=[,}])/g, '$1.0') : text
  return { config: JSON.parse(spelt), text: spelt }
}

/**
 * What the doctor must say, straight from the choices: which file is unreadable, and every rule's condition once more.
 */
function oracle(c: Choices): string[] {
  const { type, factor, window, stack, form } = c
  const nested = form === 'nested'
  const llamaLike = c.modelType === 'llama' || c.modelType === undefined
  const hasFactors = llamaLike || c.modelType === 'mixtral'
  const inLlamaCpp = !['gptj', 'unheard_of'].includes(String(c.modelType))
  const original = nested ? c.inside : (c.outside ?? c.inside)
  const theta = c.thetaInside ?? c.thetaOutside ?? (c.modelType === 'mixtral' ? 1e6 : 10000)
  const ratio = window / (original ?? window)
  const windowed = ['yarn', 'longrope', 'su'].includes(type)
  const unreadable =
    (c.thetaInside !== undefined && c.thetaOutside !== undefined && c.thetaInside !== c.thetaOutside) ||
    (['linear', 'dynamic', 'vanilla_ntk', 'ntk', 'llama3'].includes(type) && factor === undefined) ||
    ((windowed || type === 'dynamic-yarn') && factor === undefined && ratio < 1) ||
    (type === 'dynamic-yarn' && ratio !== 1)
  if (unreadable) return ['unreadable: wrong']
  const s = type === 'default' ? 1 : (factor ?? (windowed || type === 'dynamic-yarn' ? ratio : 1))

  const said: string[] = []
  const say = (when: boolean, rule: string, level: 'wrong' | 'note' = 'wrong', ...stacks: Stack[]) => {
    if (!when || (stacks.length > 0 && stack !== undefined && !stacks.includes(stack))) return
    const counts = stacks.length === 0 || stacks.includes(stack ?? 'transformers')
    said.push(`${rule}: ${counts ? level : 'note'}`)
  }
  const known = c.trainedWith === 'yarn-revised'
  const trained = original ?? c.trainedWindow
  say((windowed || type === 'llama3') && original === undefined, 'original-missing')
  const written = c.outside ?? c.inside
  say(['linear', 'vanilla_ntk'].includes(type) && s > 1 && written === undefined, 'window-unclear', 'note')
  say(!nested && c.outside !== undefined && c.inside !== undefined && c.outside !== c.inside, 'original-twice')
  say(windowed && factor !== undefined && ratio !== 1 && factor !== ratio, 'factor-against-lengths')
  say(type === 'dynamic' && s > 1 && trained === undefined, 'dynamic-extended-window', 'note')
  say(type === 'dynamic' && s > 1 && trained !== undefined && trained < window, 'dynamic-extended-window')
  say(type === 'llama3' && original !== undefined && original >= window, 'llama3-window')
  say(windowed && original === window && s > 1, 'window-not-extended', 'note')
  say(
    c.thetaInside === undefined && c.thetaOutside === undefined && !['gptj', 'baichuan'].includes(String(c.modelType)),
    'theta-missing',
    ['llama', 'qwen2'].includes(String(c.modelType)) ? 'note' : 'wrong'
  )
  say(
    !['qwen2', 'mixtral'].includes(String(c.modelType)) && !c.decimal && (factor === 1 || factor === 2 || factor === 8),
    'integer-factor',
    'wrong',
    'transformers'
  )
  say(c.extra === 'beta_fasst', 'unknown-key')
  const unread =
    (factor !== undefined && type === 'default') ||
    (c.inside !== undefined && !['yarn', 'longrope', 'su', 'llama3', 'dynamic-yarn'].includes(type)) ||
    (c.attention !== undefined && !windowed) ||
    (c.truncate !== undefined && type !== 'yarn') ||
    c.extra === 'attn_factor' ||
    c.extra === 'short_mscale' ||
    (c.extra === 'finetuned' && type !== 'dynamic-yarn')
  say(unread, 'unread-key', 'note', 'transformers', 'axolotl')
  say(nested && type === 'yarn' && c.truncate === false, 'nested-truncate', 'wrong', 'transformers', 'axolotl')
  say(
    (form === 'old' || form === 'new') &&
      (type !== 'default' || (form === 'new' && theta !== 10000 && c.thetaOutside === undefined)),
    'one-form',
    'note'
  )
  say(
    ['gptj', 'baichuan'].includes(String(c.modelType)) && (type !== 'default' || theta !== 10000),
    'architecture-ignores-rope',
    'wrong',
    'transformers',
    'vllm',
    'axolotl'
  )
  say(c.modelType === 'unheard_of' && !nested, 'model-type-unknown', 'note')
  say(
    ['su', 'vanilla_ntk', 'ntk', 'dynamic-yarn'].includes(type),
    'type-of-another-stack',
    'wrong',
    'transformers',
    'axolotl'
  )
  say(type === 'dynamic' && s > 1, 'vllm-static-dynamic', 'wrong', 'vllm')
  say(
    type === 'linear' && s > 1 && (written === undefined || Math.round(window * s) > Math.round(written * s)),
    'vllm-window',
    'note',
    'vllm'
  )
  const su = (f: number) => (f > 1 ? Math.sqrt(1 + Math.log(f) / Math.log(original ?? window)) : 1)
  const a = c.attention ?? su(s)
  const isA = (value: number) => Math.abs(value - a) <= 1e-6 * a
  say(
    (type === 'longrope' || type === 'su') && !(isA(c.extra === 'short_mscale' ? 1 : su(ratio)) && isA(su(ratio))),
    'vllm-attention-factor',
    'wrong',
    'vllm'
  )
  say(type === 'dynamic-yarn', 'vllm-inexpressible', 'wrong', 'vllm')
  // tables that its own types do not give, for architectures that read none; 'ntk' at s = 1 and the others are plain
  const table =
    type === 'longrope' ||
    type === 'su' ||
    (s > 1 && (type === 'ntk' || type === 'llama3' || (type === 'yarn' && c.truncate === false)))
  say(
    !inLlamaCpp || type === 'dynamic' || type === 'dynamic-yarn' || (table && !hasFactors),
    'llama-cpp-inexpressible',
    'wrong',
    'llama.cpp'
  )
  say(type === 'dynamic-yarn', 'axolotl-inexpressible', 'wrong', 'axolotl')
  say(type === 'yarn' && c.attention !== undefined, 'llama-cpp-attention-factor', 'wrong', 'llama.cpp')
  say(
    type === 'llama3' && s > 1 && hasFactors && c.outside === undefined && (c.inside ?? window) !== 8192,
    'llama-cpp-llama3-window',
    'wrong',
    'llama.cpp'
  )
  say((type === 'longrope' || type === 'su') && hasFactors, 'llama-cpp-longrope-lists', 'wrong', 'llama.cpp')
  say(
    type === 'yarn' && s > 1 && (llamaLike || c.modelType === 'baichuan') && c.trainedWith !== 'yarn',
    'revised-yarn',
    known ? 'wrong' : 'note'
  )
  say(s > 1, 'position-jumps', 'note', 'transformers', 'axolotl')
  say(s > 1, 'axolotl-use-pose', 'note', 'axolotl')
  return said
}

test(`${numRuns} files: the verdict is the one of the oracle`, { timeout }, () => {
  fc.assert(
    fc.property(choices, c => {
      const { config, text } = makeFile(c)
      const { trainedWith, trainedWindow, stack } = c
      const { findings, wrong } = diagnoseRope(config, {
        text,
        ...(trainedWith ? { trainedWith } : {}),
        ...(trainedWindow ? { trainedWindow } : {}),
        ...(stack ? { stack } : {})
      })
      const said = findings.map(({ rule, level }) => `${rule}: ${level}`)
      expect(said).toEqual(oracle(c))
      expect(wrong).toBe(said.some(text => text.endsWith(': wrong')))
    }),
    { numRuns }
  )
})

const keys = [
  'rope_theta',
  'rope_type',
  'type',
  'factor',
  'original_max_position_embeddings',
  'attention_factor',
  'beta_fast',
  'beta_slow',
  'mscale',
  'mscale_all_dim',
  'truncate',
  'short_factor',
  'long_factor',
  'low_freq_factor',
  'high_freq_factor',
  'partial_rotary_factor',
  'mixed_b',
  'finetuned',
  'full_attention',
  '__proto__',
  'toString'
]
const types = fc.constantFrom(
  'yarn',
  'linear',
  'dynamic',
  'llama3',
  'longrope',
  'su',
  'default',
  'proportional',
  'vanilla_ntk',
  'ntk',
  'dynamic-yarn',
  'constructor'
)
const value = fc.oneof(
  types,
  fc.double(),
  fc.integer({ min: -2, max: 70000 }),
  fc.constantFrom(1, 2, 8, 64, 2048, 1e308, 5e-324),
  fc.jsonValue({ maxDepth: 2 })
)
const object = (names: readonly string[], values: fc.Arbitrary<unknown>) =>
  fc.dictionary(fc.constantFrom(...names), values, { maxKeys: 9 })
const rope = fc.oneof(object(keys, fc.oneof(value, object(keys, value))), value)
const models = fc.constantFrom(
  'llama',
  'phi3',
  'gpt_neox',
  'deepseek_v3',
  'olmo3',
  'gemma3_text',
  'gemma3',
  'gemma4_text',
  'mixtral',
  'modernbert',
  'qwen2_vl',
  'baichuan',
  'gpt2',
  'gptj',
  'chatglm',
  '__proto__',
  '\u001b[31m'
)
const sizes = [
  'hidden_size',
  'n_embd',
  'num_attention_heads',
  'head_dim',
  'global_head_dim',
  'qk_rope_head_dim',
  'kv_channels',
  'rotary_dim',
  'max_position_embeddings',
  'n_positions',
  'model_max_length',
  'original_max_position_embeddings'
]
const others = [
  'rope_theta',
  'rotary_emb_base',
  'rope_local_base_freq',
  'global_rope_theta',
  'rope_ratio',
  'partial_rotary_factor',
  'rotary_pct',
  'rope_pct',
  'position_embedding_type',
  'alibi',
  'attn_config',
  '_name_or_path'
]
const part = fc.record(
  {
    model_type: fc.oneof(models, value),
    ...Object.fromEntries([...sizes, ...others].map(key => [key, fc.oneof(fc.constantFrom(64, 2048, 8), value)])),
    rope_parameters: rope,
    rope_scaling: rope
  },
  { requiredKeys: [] }
)
const hostile = fc.oneof(
  { weight: 3, arbitrary: part },
  fc.record(
    {
      model_type: models,
      text_config: fc.oneof(part, value),
      thinker_config: fc.oneof(fc.record({ text_config: part }), value)
    },
    { requiredKeys: [] }
  )
)

const registry = createRegistry().register(...interpolationPlugins)
const resolve = (reference: PluginReference) => registry.resolveUnknown('interpolation', reference)

/** A result, or an error with a code. */
function codeOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (!isSkipwiseError(error)) throw error
    return error.code
  }
}

test(
  `${numRuns} hostile files: a reading or a coded error, and always a diagnosis and a conversion or a coded error`,
  { timeout },
  () => {
    fc.assert(
      fc.property(hostile, fc.constantFrom<Stack>(...stacks), fc.boolean(), (made, stack, asLongrope) => {
        const text = JSON.stringify(made)
        const config = JSON.parse(text)
        const code = codeOf(() => {
          for (const { reading } of readHuggingFaceRopes(config))
            expect(reading === undefined || reading.geometry.rotaryDim <= 65536).toBe(true)
        })
        expect(code ?? 'ROPE_').toMatch(/^ROPE_/)
        const { findings, ropes } = diagnoseRope(config, { text, stack })
        expect(
          findings.some(({ rule, layerType }) => rule === 'unreadable' && layerType === undefined) || code === undefined
        ).toBe(true)
        for (const { inverseFrequencies } of ropes)
          expect(inverseFrequencies.every(frequency => frequency >= 0)).toBe(true)
        expect(codeOf(() => convertConfig(config, { to: stack, asLongrope }, resolve)) ?? 'ROPE_').toMatch(
          /^(ROPE|INTERPOLATION)_/
        )
      }),
      { numRuns }
    )
  }
)

test('nesting of any depth, and keys of megabytes, in the RoPE keys and beside them', () => {
  const depth = 5000
  const deep = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
  const long = 'k'.repeat(5_000_000)
  const file = '"model_type":"llama","head_dim":16,"max_position_embeddings":512,"rope_theta":1e4'
  const files = [
    `{${file},"x":${deep}}`,
    `{${file},"rope_scaling":${deep}}`,
    `{${file},"rope_theta":${deep}}`,
    `{${file},"rope_scaling":{"type":"linear","factor":2.0,"${long}":1}}`,
    `{${file},"model_type":"${long}"}`
  ]
  for (const text of files) {
    const config = JSON.parse(text)
    const { findings } = diagnoseRope(config, { text })
    for (const { problem, why, fix } of findings) expect(`${problem}${why}${fix}`.length).toBeLessThan(2000)
    const code = codeOf(() => {
      for (const note of convertConfig(config, { to: 'transformers' }, resolve).notes)
        expect(note.length).toBeLessThan(2000)
    })
    expect(code ?? 'ROPE_').toMatch(/^ROPE_/)
  }
})
