import { recordEvaluations, type EvaluationRecord, type RecordOptions } from '@skipwise/evaluation'
import type { Executor } from '@skipwise/runtime'
import { loadLanguageModel } from './open-language-model.js'
import type { Collaborators } from './parts.js'

/** How {@link evaluateFolder} evaluates. */
export interface EvaluateFolderOptions extends Omit<RecordOptions, 'registry' | 'open' | 'executor'> {
  readonly parts: Collaborators
  /** Runs the model; stays the caller's. */
  readonly executor: Executor
}

/**
 * Evaluates a Hugging Face model folder by some suites, of any length also beyond its window: they show how it fails
 * there. See `recordEvaluations`.
 *
 * @throws SkipwiseError what opening the model and `recordEvaluations` throw; `signal.reason` when aborted
 */
export function evaluateFolder({ parts, ...options }: EvaluateFolderOptions): Promise<EvaluationRecord[]> {
  const { folder, name, executor } = options
  const open = () => loadLanguageModel(folder, parts, { name, executor, lengthLimit: Infinity })
  return recordEvaluations({ ...options, registry: parts.registry, open })
}
