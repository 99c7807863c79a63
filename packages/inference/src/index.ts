export { createLanguageModel, type LanguageModelOptions, type LanguageModelSetup } from './language-model.js'
export type { WeightSource } from './stepper.js'
export { inferenceErrorCodes } from './errors.js'
