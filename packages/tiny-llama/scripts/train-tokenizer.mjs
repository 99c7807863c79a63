// Trains the tokenizer on the corpus: model/tokenizer.json and tokenizer_config.json. Usage: node
// scripts/train-tokenizer.mjs
import { learnMerges, PRE_TOKENIZER } from './bpe.mjs'
import { information, NOISE, QUESTION, TASK } from './passkey-wording.mjs'
import { at, isMain, readJsonLines, say, writeText } from './paths.mjs'

const VOCABULARY = 1024
const special = ['<s>', '</s>']
/** Weight of the passkey sentences, as if they stood in the corpus so often: they are to be short. */
const PASSKEY_WEIGHT = 2_000

/** Writes both files. The same corpus gives the same bytes. */
export function trainTokenizer() {
  const texts = readJsonLines(at('corpus', 'text.jsonl')).map(({ text }) => [text, 1])
  texts.push([[TASK, NOISE, information('71432'), NOISE, `${QUESTION} 71432.`].join('\n'), PASSKEY_WEIGHT])
  const { tokens, merges } = learnMerges(texts, VOCABULARY - special.length - 256)
  const vocab = Object.fromEntries([...special, ...tokens].map((token, id) => [token, id]))
  const added = (content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true
  })
  const bos = special[0]
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map(added),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: PRE_TOKENIZER }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false }
      ]
    },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: bos, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [
        { SpecialToken: { id: bos, type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { Sequence: { id: 'B', type_id: 1 } }
      ],
      special_tokens: { [bos]: { id: bos, ids: [0], tokens: [bos] } }
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges: merges.map(pair => pair.join(' '))
    }
  }
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: '<s>',
    eos_token: '</s>',
    add_bos_token: true,
    clean_up_tokenization_spaces: false
  }
  writeText(at('model', 'tokenizer.json'), `${JSON.stringify(tokenizer, undefined, 2)}\n`)
  writeText(at('model', 'tokenizer_config.json'), `${JSON.stringify(config, undefined, 2)}\n`)
}

if (isMain(import.meta.url)) {
  trainTokenizer()
  say('model/tokenizer.json: done')
}
