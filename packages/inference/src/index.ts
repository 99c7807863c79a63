export { createLanguageModel, type LanguageModelOptions, type LanguageModelSetup } from './language-model.js'
export { generateText, type GenerateTextOptions, type TextPiece } from './generate-text.js'
export type { WeightSource } from './stepper.js'
export { inferenceErrorCodes } from './errors.js'
