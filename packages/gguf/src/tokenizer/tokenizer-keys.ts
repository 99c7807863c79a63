import { SkipwiseError, type ByteLevelParts, type SentencePieceParts, type TokenizerParts } from '@skipwise/core'
import { list, text, truth, uint32, type MetadataValue } from '../metadata.js'
import { findPreTokenizer } from './pre-tokenizers.js'

/** Types of tokens as llama.cpp counts them, which are those of SentencePiece. */
const TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5 } as const

/** How a tokenizer is written. */
export interface TokenizerOptions {
  /** V: rows of the embedding. Ids beyond the tokenizer are filled. */
  readonly vocabSize: number
  /** The chat template, a Jinja text. */
  readonly chatTemplate?: string | undefined
  /** A name of llama.cpp for how texts are cut into words, in place of the one that is found. */
  readonly preTokenizer?: string | undefined
  /** EOS where the tokenizer has none: that of `config.json`. */
  readonly eosId?: number | undefined
}

/** `tokenizer.*` keys of a file. */
export interface TokenizerKeys {
  readonly entries: readonly (readonly [key: string, value: MetadataValue])[]
  /** What a user should know. */
  readonly notes: readonly string[]
}

/**
 * The keys by which llama.cpp gives the same token ids as the tokenizer of a model.
 *
 * @throws SkipwiseError `GGUF_TOKENIZER` where it would give others
 */
export function tokenizerKeys(parts: TokenizerParts, options: TokenizerOptions): TokenizerKeys {
  const { vocabSize, chatTemplate } = options
  const eosId = parts.eosId ?? options.eosId
  // without the key llama.cpp takes 11 or 2, and would end a text there
  if (eosId === undefined)
    throw refuse(
      parts,
      'it has no EOS, and llama.cpp would take another token for it',
      'name eos_token in tokenizer_config.json'
    )
  if (eosId >= vocabSize || (parts.bosId ?? 0) >= vocabSize)
    throw refuse(
      parts,
      `its BOS or EOS is beyond the ${vocabSize} rows of the embedding`,
      'correct tokenizer_config.json'
    )
  const { model, tokens, types, entries, notes } =
    parts.kind === 'byte-level' ? byteLevel(parts, options) : sentencePiece(parts, vocabSize)
  checkTokens(parts, tokens)
  return {
    entries: [
      ['tokenizer.ggml.model', text(model)],
      ...entries,
      ['tokenizer.ggml.tokens', list('string', tokens)],
      ['tokenizer.ggml.token_type', list('int32', types)],
      ...(parts.bosId === undefined ? [] : [['tokenizer.ggml.bos_token_id', uint32(parts.bosId)] as const]),
      ['tokenizer.ggml.eos_token_id', uint32(eosId)],
      ['tokenizer.ggml.add_bos_token', truth(parts.addBos)],
      ['tokenizer.ggml.add_eos_token', truth(false)],
      ...(chatTemplate === undefined ? [] : [['tokenizer.chat_template', text(chatTemplate)] as const])
    ],
    notes: [
      ...notes,
      ...(parts.added.some(({ takesNeighbours }) => takesNeighbours)
        ? ['some added tokens take the white space next to them, which llama.cpp leaves as text']
        : [])
    ]
  }
}

/** What differs between the kinds. */
interface Written extends TokenizerKeys {
  readonly model: string
  /** By id, one for each row of the embedding. */
  readonly tokens: readonly string[]
  readonly types: readonly number[]
}

function byteLevel(parts: ByteLevelParts, { vocabSize, preTokenizer }: TokenizerOptions): Written {
  const { name, notes } = findPreTokenizer(parts, preTokenizer)
  const other = parts.normalizers.find(type => type !== 'NFC')
  if (other !== undefined)
    throw refuse(parts, `it changes texts by ${other}, which llama.cpp does not`, 'serve it with transformers or vLLM')
  const { tokens, types } = fill(vocabSize, parts.tokens.length, id => {
    const token = parts.tokens[id]
    return token === undefined ? undefined : { token, type: TYPE.normal }
  })
  for (const { id, special } of parts.added) if (id < vocabSize) types[id] = special ? TYPE.control : TYPE.userDefined
  return {
    model: 'gpt2',
    tokens,
    types,
    entries: [
      ['tokenizer.ggml.pre', text(name)],
      [
        'tokenizer.ggml.merges',
        list(
          'string',
          parts.merges.map(([left, right]) => `${left} ${right}`)
        )
      ]
    ],
    notes: [
      ...notes,
      ...(parts.normalizers.length
        ? ['the tokenizer composes characters (NFC) and llama.cpp does not: composed texts get the same ids']
        : [])
    ]
  }
}

function sentencePiece(parts: SentencePieceParts, vocabSize: number): Written {
  const [change] = parts.changes
  if (change !== undefined)
    throw refuse(parts, `${change}, which llama.cpp does not`, 'serve it with transformers or vLLM')
  if (!parts.byteFallback)
    throw refuse(parts, 'it has no pieces for bytes, which llama.cpp needs', 'serve it with transformers or vLLM')
  const { tokens, types } = fill(vocabSize, parts.pieces.length, id => {
    const { text: token, type } = parts.pieces[id]
    return { token, type }
  })
  const scores = Array.from({ length: vocabSize }, (_, id) => parts.pieces[id]?.score ?? LOWEST)
  for (const { id, content, special } of parts.added) {
    if (id >= vocabSize) continue
    tokens[id] = content
    if (types[id] !== TYPE.unknown) types[id] = special ? TYPE.control : TYPE.userDefined
  }
  const unknown = parts.pieces.findIndex(({ type }) => type === TYPE.unknown)
  return {
    model: 'llama',
    tokens,
    types,
    entries: [
      ['tokenizer.ggml.pre', text('default')],
      ['tokenizer.ggml.scores', list('float32', scores)],
      ['tokenizer.ggml.add_space_prefix', truth(parts.addsPrefix)],
      ...(unknown < 0 ? [] : [['tokenizer.ggml.unknown_token_id', uint32(unknown)] as const])
    ],
    notes:
      parts.addsPrefix && !parts.addsPrefixAfterToken
        ? ['llama.cpp puts a space before a text that follows a special token, and this tokenizer does not']
        : []
  }
}

/** Score of what never merges. */
const LOWEST = -1e4

/** Tokens and types of all rows: those of a tokenizer, and unused ones. */
function fill(
  vocabSize: number,
  size: number,
  tokenAt: (id: number) => { readonly token: string; readonly type: number } | undefined
) {
  const tokens: string[] = []
  const types: number[] = []
  for (let id = 0; id < vocabSize; id++) {
    const found = id < size ? tokenAt(id) : undefined
    tokens.push(found?.token ?? `[PAD${id}]`)
    types.push(found?.type ?? TYPE.unused)
  }
  return { tokens, types }
}

/** llama.cpp ends the process when two tokens have the same text. */
function checkTokens(parts: TokenizerParts, tokens: readonly string[]): void {
  const beyond = parts.added.find(({ id }) => id >= tokens.length)
  const size = parts.kind === 'byte-level' ? parts.tokens.length : parts.pieces.length
  if (beyond !== undefined || size > tokens.length)
    throw refuse(
      parts,
      `it has token ${beyond ? `'${beyond.content}' with id ${beyond.id}` : `id ${size - 1}`}, and the embedding has ${tokens.length} rows`,
      'use the tokenizer of this model'
    )
  const ids = new Map<string, number>()
  for (const [id, token] of tokens.entries()) {
    const before = ids.get(token)
    if (before !== undefined || token === '')
      throw refuse(
        parts,
        token === '' ? `token ${id} has no text` : `tokens ${before} and ${id} have the same text '${token}'`,
        'serve it with transformers or vLLM: llama.cpp needs a text of its own for every token'
      )
    ids.set(token, id)
  }
}

const refuse = ({ file }: TokenizerParts, problem: string, fix: string) =>
  new SkipwiseError('GGUF_TOKENIZER', { problem: `${file}: ${problem}`, fix })
