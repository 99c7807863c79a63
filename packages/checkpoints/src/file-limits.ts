/**
 * The largest size in bytes of a file that is read whole, by its kind. Each is at least seven times the largest file in
 * use that we know of; a larger file would only ask for memory.
 */
export const FILE_LIMITS = {
  /** `config.json`. */
  config: 2 ** 24,
  /** `*.index.json`; those of the largest models take some megabytes. */
  index: 10 ** 8,
  /** `tokenizer.json`; the largest vocabularies in use take 35 MB. */
  tokenizer: 2 ** 28,
  /** `tokenizer.model`; the largest in use take 5 MB. */
  sentencepiece: 10 ** 8,
  /** `vocab.json`, `merges.txt`. */
  vocabulary: 2 ** 26,
  /**
   * `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json`, `generation_config.json`,
   * `chat_template.json`, others.
   */
  settings: 2 ** 26,
  /** `chat_template.jinja`; templates in use take some kilobytes. */
  template: 2 ** 20,
  /** `LICENSE…`, `NOTICE…`. */
  licence: 2 ** 24,
  /** A recipe or a list of suites. */
  recipe: 2 ** 24,
  /** `skipwise.json`, records of evaluations: they contain the loss of every step. */
  result: 2 ** 28,
  /** A text that an evaluation hides its needles in; the essays in use take a megabyte. */
  haystack: 2 ** 26
} as const

/** A kind of file that is read whole. */
export type FileKind = keyof typeof FILE_LIMITS

const KINDS: readonly (readonly [RegExp, FileKind])[] = [
  [/^config\.json$/, 'config'],
  [/\.index\.json$/, 'index'],
  [/^tokenizer\.json$/i, 'tokenizer'],
  [/^tokenizer\.model$/i, 'sentencepiece'],
  [/^(vocab\.json|merges\.txt)$/i, 'vocabulary'],
  [/\.jinja$/i, 'template'],
  [/^(LICENSE|NOTICE)/i, 'licence'],
  [/^skipwise\.json$/, 'result']
]

/** The largest size in bytes of a file of a model folder, by its name. */
export const limitOf = (name: string): number =>
  FILE_LIMITS[KINDS.find(([names]) => names.test(name))?.[1] ?? 'settings']

const MIB = 2 ** 20

/**
 * Depth of nested objects and lists in JSON of a model folder: files in use have at most ten. A deeper file would
 * overflow the stack of a recursive reader.
 */
export const MAX_NESTING = 100

/** The longest header of a safetensors file, in bytes: the limit of the safetensors library itself. */
export const MAX_HEADER_BYTES = 100_000_000

/**
 * Largest number of tensors in one file; the largest models have some 90,000, spread over more than a hundred files.
 */
export const MAX_TENSORS = 2 ** 18

/** Rows of the table in docs/security.md. */
export const limits = [
  {
    what: '`config.json`, `LICENSE…`, `NOTICE…`, a recipe',
    bound: `${FILE_LIMITS.config / MIB} MiB`,
    then: '`FILE_REFUSED`'
  },
  {
    what: '`tokenizer.json`, `skipwise.json`, a result',
    bound: `${FILE_LIMITS.tokenizer / MIB} MiB`,
    then: '`FILE_REFUSED`'
  },
  { what: '`tokenizer.model`, an index of shards', bound: `${FILE_LIMITS.index / 1e6} MB`, then: '`FILE_REFUSED`' },
  {
    what: '`vocab.json`, `merges.txt` and settings of a model, the text of a haystack',
    bound: `${FILE_LIMITS.settings / MIB} MiB`,
    then: '`FILE_REFUSED`'
  },
  { what: '`chat_template.jinja`', bound: `${FILE_LIMITS.template / MIB} MiB`, then: '`FILE_REFUSED`' },
  {
    what: 'depth of nested objects and lists in JSON of a model folder',
    bound: `${MAX_NESTING}`,
    then: 'the code of that file, for instance `MODEL_CONFIG_INVALID`'
  },
  {
    what: 'the header of a safetensors file',
    bound: `${MAX_HEADER_BYTES / 1e6} MB`,
    then: '`CHECKPOINT_HEADER_INVALID`'
  },
  {
    what: 'tensors in one safetensors file',
    bound: `${MAX_TENSORS}`,
    then: '`CHECKPOINT_HEADER_INVALID`, before they are parsed'
  }
]
