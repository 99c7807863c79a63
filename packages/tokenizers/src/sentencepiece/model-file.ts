import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { SkipwiseError } from '@skipwise/core'
import { invalid } from '../read-json.js'
import { readCharacterMap, type CharacterMap } from './character-map.js'

/** Type of a piece of a SentencePiece model (`SentencePiece.Type` of sentencepiece_model.proto). */
export const PieceType = { NORMAL: 1, UNKNOWN: 2, CONTROL: 3, USER_DEFINED: 4, UNUSED: 5, BYTE: 6 } as const

/** A piece; its id is its index in the list. */
export interface Piece {
  readonly text: string
  /** Pieces with higher scores are merged first. */
  readonly score: number
  readonly type: number
}

/** How text is changed before it is encoded (`NormalizerSpec`). */
export interface NormalizerSpec {
  /** Unicode normalisation; undefined for none. */
  readonly characterMap: CharacterMap | undefined
  readonly addDummyPrefix: boolean
  readonly removeExtraWhitespaces: boolean
  readonly escapeWhitespaces: boolean
}

/** The content of a `tokenizer.model`. */
export interface SentencePieceModel {
  readonly pieces: readonly Piece[]
  readonly byteFallback: boolean
  /** Whether the dummy prefix is at the end. */
  readonly whitespaceAsSuffix: boolean
  /** Text of an unknown piece. */
  readonly unknownSurface: string
  readonly bosPiece: string
  readonly eosPiece: string
  readonly normalizer: NormalizerSpec
}

/** Ids stay below this: sixteen times the largest vocabulary in use. */
const MAX_PIECES = 1 << 22

const MODEL_TYPES = ['unknown', 'Unigram', 'BPE', 'word', 'character']

/**
 * Reads a `tokenizer.model` of SentencePiece: a protocol buffer with pieces, their scores, and rules of normalisation.
 * BPE models are read, with byte fallback (LLaMA 1 and 2, Mistral, Baichuan) or without.
 *
 * @throws SkipwiseError `TOKENIZER_INVALID`, `TOKENIZER_UNSUPPORTED` for models of another kind
 */
export function parseModel(bytes: Uint8Array, file: string): SentencePieceModel {
  const refuse = (problem: string, fix: string) =>
    new SkipwiseError('TOKENIZER_UNSUPPORTED', { problem: `${file}: ${problem}`, fix })
  // LLaMA 3 and Qwen use the same name for the list of another library.
  if (/^[A-Za-z0-9+/]+={0,2} \d+\r?\n/.test(new TextDecoder().decode(bytes.subarray(0, 200)))) {
    throw refuse(
      'it is a tiktoken vocabulary, not a SentencePiece model',
      'put the tokenizer.json of the same model next to it'
    )
  }
  let parts
  try {
    parts = readMessage(bytes)
  } catch (cause) {
    throw invalid(file, `it is not a SentencePiece model (${(cause as Error).message})`, cause)
  }
  const { pieces, trainer, normalizer, denormalizes } = parts
  if (pieces.length === 0) throw invalid(file, 'it has no pieces')
  if (trainer.modelType !== 2)
    throw refuse(
      `it is a ${MODEL_TYPES[trainer.modelType] ?? 'unknown'} model, not BPE`,
      'put the tokenizer.json of the same model next to it (transformers: save_pretrained)'
    )
  if (denormalizes)
    throw refuse('it has its own rules for decoded text', 'put the tokenizer.json of the same model next to it')
  checkPieces(pieces, trainer.byteFallback, file)
  const { characterMap, ...rules } = normalizer
  return {
    pieces,
    ...trainer,
    normalizer: { ...rules, characterMap: characterMap.length ? readCharacterMap(characterMap, file) : undefined }
  }
}

function readMessage(bytes: Uint8Array) {
  const pieces: Piece[] = []
  const trainer = {
    modelType: 1,
    byteFallback: false,
    whitespaceAsSuffix: false,
    unknownSurface: ' \u2047 ',
    bosPiece: '<s>',
    eosPiece: '</s>'
  }
  const normalizer = {
    characterMap: new Uint8Array(0) as Uint8Array,
    addDummyPrefix: true,
    removeExtraWhitespaces: true,
    escapeWhitespaces: true
  }
  let denormalizes = false
  eachField(bytes, {
    1: message(piece => {
      if (pieces.length === MAX_PIECES) throw new Error(`it has more than ${MAX_PIECES} pieces`)
      pieces.push(readPiece(piece))
    }),
    2: message(spec =>
      eachField(spec, {
        3: integer(value => (trainer.modelType = value)),
        24: flag(value => (trainer.whitespaceAsSuffix = value)),
        35: flag(value => (trainer.byteFallback = value)),
        44: text(value => (trainer.unknownSurface = value)),
        46: text(value => (trainer.bosPiece = value)),
        47: text(value => (trainer.eosPiece = value))
      })
    ),
    3: message(spec =>
      eachField(spec, {
        2: message(value => (normalizer.characterMap = value)),
        3: flag(value => (normalizer.addDummyPrefix = value)),
        4: flag(value => (normalizer.removeExtraWhitespaces = value)),
        5: flag(value => (normalizer.escapeWhitespaces = value))
      })
    ),
    5: message(spec => eachField(spec, { 2: message(value => (denormalizes ||= value.length > 0)) }))
  })
  return { pieces, trainer, normalizer, denormalizes }
}

function readPiece(bytes: Uint8Array): Piece {
  let piece: Piece = { text: '', score: 0, type: PieceType.NORMAL }
  eachField(bytes, {
    1: text(value => (piece = { ...piece, text: value })),
    2: [WireType.Bit32, reader => (piece = { ...piece, score: reader.float() })],
    3: integer(value => (piece = { ...piece, type: value }))
  })
  return piece
}

/**
 * A piece may begin with U+FEFF or consist of it; it is not a byte order mark here. (`BinaryReader.string` drops it.)
 */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

type FieldReader = readonly [wireType: WireType, read: (reader: BinaryReader) => unknown]

const message = (use: (bytes: Uint8Array) => unknown): FieldReader => [
  WireType.LengthDelimited,
  reader => use(reader.bytes())
]
const text = (use: (value: string) => unknown): FieldReader => [
  WireType.LengthDelimited,
  reader => use(utf8.decode(reader.bytes()))
]
const integer = (use: (value: number) => unknown): FieldReader => [WireType.Varint, reader => use(reader.int32())]
const flag = (use: (value: boolean) => unknown): FieldReader => [WireType.Varint, reader => use(reader.bool())]

/** Calls the reader of each field; fields without one are skipped. */
function eachField(bytes: Uint8Array, readers: Readonly<Record<number, FieldReader>>): void {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    const known = Object.hasOwn(readers, field) ? readers[field] : undefined
    if (!known) reader.skip(wireType, field)
    else if (wireType === known[0]) known[1](reader)
    else throw new Error(`its field ${field} is of the wire type ${wireType}`)
    if (reader.pos > reader.len) throw new RangeError('a field ends beyond the file')
  }
}

function checkPieces(pieces: readonly Piece[], byteFallback: boolean, file: string): void {
  const seen = new Set<string>()
  let unknown = 0
  let bytes = 0
  for (const [id, { text, score, type }] of pieces.entries()) {
    const wrong = (problem: string) => invalid(file, `piece ${id} ${problem}`)
    if (text === '') throw wrong('has no text')
    if (seen.has(text)) throw wrong(`is '${text}', as is an earlier one`)
    seen.add(text)
    if (!Number.isFinite(score)) throw wrong(`has the score ${score}`)
    if (!(type >= PieceType.NORMAL && type <= PieceType.BYTE)) throw wrong(`has the unknown type ${type}`)
    if (type === PieceType.UNKNOWN) unknown++
    if (type === PieceType.BYTE) {
      if (byteOf(text) === undefined) throw wrong(`is the byte '${text}'`)
      bytes++
    }
  }
  if (unknown !== 1) throw invalid(file, `it has ${unknown} unknown pieces, not one`)
  if (bytes !== (byteFallback ? 256 : 0))
    throw invalid(file, `it has ${bytes} byte pieces ${byteFallback ? 'and byte fallback' : 'but no byte fallback'}`)
}

/** The byte of a piece such as `<0x0A>`. */
export function byteOf(text: string): number | undefined {
  const match = /^<0x([0-9A-F]{2})>$/.exec(text)
  return match ? parseInt(match[1], 16) : undefined
}
