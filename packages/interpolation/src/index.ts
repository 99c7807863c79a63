import { dynamicLinear } from './dynamic-linear.js'
import { dynamicNtk } from './dynamic-ntk.js'
import { dynamicNtkStatic } from './dynamic-ntk-static.js'
import { dynamicYarn } from './dynamic-yarn.js'
import { linear } from './linear.js'
import { llama3 } from './llama3.js'
import { longrope } from './longrope.js'
import { none } from './none.js'
import { ntkByParts } from './ntk-by-parts.js'
import { ntkFixed } from './ntk-fixed.js'
import { ntk } from './ntk.js'
import { proportional } from './proportional.js'
import { yarnPaper } from './yarn-paper.js'
import { yarnRevised } from './yarn-revised.js'
import { yarn } from './yarn.js'

export {
  dynamicLinear,
  dynamicNtk,
  dynamicNtkStatic,
  dynamicYarn,
  linear,
  llama3,
  longrope,
  none,
  ntk,
  ntkByParts,
  ntkFixed,
  proportional,
  yarn,
  yarnPaper,
  yarnRevised
}
export {
  readHuggingFaceRope,
  readHuggingFaceRopes,
  type HuggingFaceRopeReading,
  type KnownGeometry,
  type LayerRopeReading
} from './read-hugging-face.js'
export { searchLongropeFactors, type LongropeSearch, type LongropeSearchResult } from './longrope-search.js'
export {
  convertConfig,
  type ConfigChanges,
  type ConvertedConfig,
  type ConvertOptions
} from './convert/convert-config.js'
export { stacks, type Conversion, type Stack } from './convert/conversion.js'
export { llamaCppFactors, type FactorTensors } from './convert/llama-cpp-architectures.js'
export { writeHuggingFaceRope, type SchemeOfModel, type TransformersOptions } from './convert/to-transformers.js'
export {
  diagnoseRope,
  doctorRules,
  type Diagnosis,
  type DoctorOptions,
  type Finding,
  type RopeNumbers
} from './doctor/diagnose.js'
export type { JsonObject } from './json-keys.js'
export type { LayerType, ModelType } from './model-type.js'
export type { TextModel } from './text-model.js'
export type { DoctorFacts, RopeCase, Rule, RuleResult } from './doctor/rule.js'
export type { NumberSpelling } from './doctor/number-spellings.js'
export { tableAsLongrope } from './table-as-longrope.js'
export { interpolationErrorCodes } from './errors.js'

/** Every interpolation plugin of this package, for `createRegistry().register(...interpolationPlugins)`. */
export const interpolationPlugins = [
  none,
  linear,
  dynamicLinear,
  ntk,
  ntkFixed,
  dynamicNtk,
  dynamicNtkStatic,
  ntkByParts,
  yarn,
  yarnRevised,
  yarnPaper,
  dynamicYarn,
  llama3,
  longrope,
  proportional
] as const
