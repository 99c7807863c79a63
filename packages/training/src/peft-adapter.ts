import { writeJsonAtomic, writeSafetensors } from '@skipwise/checkpoints'
import type { ModelDefinition, ParameterSpec } from '@skipwise/nn'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { loraAdapters, type LoraOptions } from './lora.js'

/** What {@link writePeftAdapter} writes. */
export interface PeftAdapter {
  /** Parameters of the model that is adapted. */
  readonly parameters: readonly ParameterSpec[]
  /** Of a model with tied embeddings, as its definition says. */
  readonly tied?: ModelDefinition['tied']
  readonly lora: LoraOptions
  /** Trained tensors by name, row-major: `adapters` of a training result. */
  readonly tensors: ReadonlyMap<string, Float32Array>
  /** What PEFT loads the adapter onto: a folder or a name on the hub; null when the caller says it. */
  readonly baseModel: string | null
}

/**
 * Writes an adapter as PEFT saves it, `adapter_config.json` and `adapter_model.safetensors`, so that
 * `PeftModel.from_pretrained` loads it onto the model that it was trained on. An adapter says nothing of positions: the
 * model needs the RoPE keys of the trained model.
 *
 * PEFT makes an embedding that is trained whole a module of its own, and leaves the tied output layer the base model's:
 * it is written too, with the same elements. `ensure_weight_tying` keeps the two one when PEFT trains the adapter
 * further.
 *
 * @throws SkipwiseError `DISK_FULL`, `CHECKPOINT_WRITE_FAILED`
 */
export async function writePeftAdapter(
  folder: string,
  { parameters, tied, lora, tensors, baseModel }: PeftAdapter
): Promise<void> {
  const { adapters, whole } = loraAdapters(parameters, lora)
  const { rank, alpha = rank, targets, alsoTrain = [], rankStabilized = false } = lora
  const specs = [...adapters.flatMap(({ a, b }) => [a, b]), ...parameters.filter(({ name }) => whole.has(name))]
  const stored = specs.map(({ name, shape }) => ({ name, shape, data: tensors.get(name) as Float32Array }))
  const embedding = tied && whole.has(tied.embedding) ? stored.find(({ name }) => name === tied.embedding) : undefined
  if (tied && embedding) stored.push({ ...embedding, name: tied.head })
  await mkdir(folder, { recursive: true })
  await writeSafetensors(
    join(folder, 'adapter_model.safetensors'),
    stored.map(tensor => ({ ...tensor, name: `base_model.model.${tensor.name}` }))
  )
  await writeJsonAtomic(join(folder, 'adapter_config.json'), {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel,
    revision: null,
    inference_mode: true,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    // 'all-linear' is written out, so that every version of PEFT means the same modules
    target_modules:
      targets === 'all-linear'
        ? [...new Set(adapters.map(({ target }) => target.split('.').at(-2)))].sort()
        : [...targets],
    modules_to_save: alsoTrain.length ? [...alsoTrain] : null,
    ...(embedding && { ensure_weight_tying: true }),
    bias: 'none',
    fan_in_fan_out: false,
    init_lora_weights: true,
    use_rslora: rankStabilized,
    use_dora: false
  })
}
