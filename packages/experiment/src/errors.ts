import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/experiment` throws. */
export const experimentErrorCodes = {
  RECIPE_NOT_FOUND: 'The recipe file cannot be read.',
  RECIPE_SYNTAX: 'The recipe is not valid YAML.',
  RECIPE_INVALID: 'The recipe has an unknown key, lacks a key, or has a value of the wrong type or range.',
  RECIPE_VERB: 'The recipe asks for something that the command does not do.',
  RECIPE_WINDOW: 'The windows of the recipe do not fit the model or one another.',
  RECIPE_TOKENIZER: 'The tokenizer has more tokens than the model.',
  RECIPE_ROPE_SCALED: 'The RoPE of the model is already scaled by another scheme than the recipe names.',
  RECIPE_ROPE_NONE: 'The recipe interpolates the RoPE of a model that has none.',
  RECIPE_EVALUATION: 'An evaluation asks for sequences longer than the target window.',
  RECIPE_DATA: 'Documents of the length asked for do not make a training example.',
  EVAL_COMPARE: 'Two results have nothing in common that could be compared.',
  EVAL_RESULT: 'A file is not the result of an evaluation.',
  EVAL_SUITES: 'A file is not a list of evaluation suites.',
  EVAL_NO_CHECKPOINTS: 'A folder holds no model and no checkpoints.',
  OUTPUT_EXISTS: 'The output folder exists and is not the result of this run.',
  OUTPUT_WRITE_FAILED: 'The output folder could not be put in place.',
  REPORT_FILE: 'A file that a report should show is no result, no run and no charts.',
  HUB_REFERENCE: 'What follows hub: does not name a model on the Hugging Face Hub.',
  HUB_UNAUTHORIZED: 'The Hub does not give a model to this token, or to those without one.',
  HUB_NOT_FOUND: 'The Hub has no such model, revision or file.',
  HUB_OFFLINE: 'The Hub cannot be reached, and the cache does not hold the whole model.',
  HUB_INTERRUPTED: 'A download ended too early, again and again; the next one goes on where it ended.',
  HUB_DAMAGED: 'A downloaded file is not the one that the Hub lists.',
  HUB_FAILED: 'The Hub answers with an error, or with something else than expected.',
  MODEL_NOT_FOUND: 'The folder of a model does not exist.',
  MODEL_ARCHITECTURE: 'No registered architecture reads the model type of config.json.',
  MODEL_TOKENIZER: 'No registered tokenizer reads the files of a model folder.',
  MODEL_WEIGHT_SHAPE: 'A weight of a checkpoint has another shape than config.json says.'
} as const satisfies ErrorCodes
