import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/experiment` throws. */
export const experimentErrorCodes = {
  RECIPE_NOT_FOUND: 'The recipe file cannot be read.',
  RECIPE_SYNTAX: 'The recipe is not valid YAML.',
  RECIPE_INVALID: 'The recipe has an unknown key, lacks a key, or has a value of the wrong type or range.',
  RECIPE_VERB: 'The recipe asks for something that this command does not do.',
  RECIPE_WINDOW: 'The windows of the recipe do not fit the model or each other.',
  RECIPE_TOKENIZER: 'The tokenizer has more tokens than the model.',
  RECIPE_ROPE_SCALED: 'The RoPE of the model is already scaled by a scheme that differs from the one in the recipe.',
  RECIPE_ROPE_NONE: 'The recipe interpolates the RoPE of a model that has none.',
  RECIPE_EVALUATION: 'An evaluation asks for sequences longer than the target window.',
  RECIPE_DATA: 'Documents of the requested length are too short for a training example.',
  EVAL_SUITES: 'A file is not a list of evaluation suites.',
  OUTPUT_EXISTS: 'The output folder exists and is not the result of this run.',
  STATE_FOREIGN: "The folder for the state of a run has files that are not Skipwise's, or an input of the run.",
  STATE_IN_USE: 'Another process is working on the same output.',
  OUTPUT_DAMAGED: 'A finished output has changed since it was written.',
  REPORT_FILE: 'A file for a report is not a result, a run or charts.',
  MODEL_ARCHITECTURE: 'No registered architecture reads the model type of config.json.',
  MODEL_TOKENIZER: 'No registered tokenizer reads the files of a model folder.',
  MODEL_WEIGHT_SHAPE:
    'A weight of a checkpoint has a different shape from that in config.json, or there are more layers than tensors.',
  MODEL_WEIGHT_NOT_FINITE: 'A weight of a checkpoint is NaN or infinite.',
  MODEL_TOO_LARGE: 'A new model has more parameters than the machine has memory for.',
  MODEL_QUANTIZED: 'The weights of a model are quantized, which is not supported.'
} as const satisfies ErrorCodes
