export { passkeyConfig, tasksConfig, type PasskeyConfig, type TasksConfig } from './config.js'
export {
  effectiveLength,
  type PasskeyDetails,
  type PasskeyLengthResult,
  type PasskeyTrial,
  type TaskResult,
  type TasksDetails,
  type TaskTrial
} from './results.js'
export { passkey, PASSKEY_VERSION } from './passkey.js'
export { createTasksSuite, longchat, ruler, type TasksSuite } from './tasks-suite.js'
export type { Question, QuestionSetting, RetrievalTask } from './tasks/task.js'
export { noiseText, textHaystack, type HaystackText } from './tasks/haystack.js'
export { questionDocument, type QuestionDocument, type QuestionOptions } from './question-document.js'
export { passkeyDocument, type PasskeyDocument, type PasskeyOptions } from './passkey-document.js'
export { passkeyFormats } from './formats/index.js'
export type { Draw, PasskeyFormat } from './formats/format.js'
export { recall } from './prompts.js'
export { evalRetrievalErrorCodes } from './errors.js'
