export { tokenizerErrorCodes } from './errors.js'
export { loadTokenizerJson, tokenizerJson } from './tokenizer-json.js'
export { bytes } from './bytes.js'
export { loadChatTemplate, type ChatMessage, type ChatTemplate } from './chat-template.js'
