export { dataErrorCodes } from './errors.js'
export { matchFiles } from './glob.js'
export { readDocuments, type DocumentFormat, type ReadOptions, type TextDocument } from './documents.js'
export type { ConversationRenderer, ConversationText } from './conversations.js'
export { readRecords, type DataRecord, type ReadRecordsOptions } from './records.js'
export { answersApart, tokenizeDocuments, type Corpus, type TokenizeOptions } from './corpus.js'
export { loadCorpus, type LoadOptions } from './load-corpus.js'
export {
  exampleOrder,
  splitDocuments,
  type ExampleOrder,
  type OrderOptions,
  type Span,
  type SplitOptions
} from './order.js'
export { packRows } from './packing.js'
