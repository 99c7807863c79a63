import { keyError, lengthAt, numberAt, required, valueOf, type JsonObject } from './json-keys.js'
import type { LayerType } from './model-type.js'
import { agreeing } from './agreeing-keys.js'
import type { TextModel } from './text-model.js'

const MAX_ROTARY_DIM = 65536

/** The dimensions of a head and those that are rotated. */
export interface Head {
  /** D. */
  readonly headDim: number
  /** R. */
  readonly rotaryDim: number
  /** R / D from the file or the model's type; undefined where R comes from elsewhere. */
  readonly share: number | undefined
}

/** Inputs of {@link headOf}. */
export interface HeadKeys {
  readonly model: TextModel
  readonly rope: JsonObject
  readonly layerType: string | undefined
  readonly layer: LayerType | undefined
  /** Whether R is the whole head, whatever the share says. */
  readonly wholeHead: boolean
}

/** @throws SkipwiseError `ROPE_CONFIG_INVALID`, `ROPE_CONFIG_CONTRADICTORY` */
export function headOf(keys: HeadKeys): Head {
  const { wholeHead } = keys
  const headDim = headDimOf(keys)
  const { share, rotaryDim: given } = turningPart(keys)
  const rotaryDim = wholeHead ? headDim : (given ?? Math.floor(headDim * (share ?? 1)))
  if (rotaryDim >= 2 && rotaryDim % 2 === 0 && rotaryDim <= Math.min(headDim, MAX_ROTARY_DIM))
    return { headDim, rotaryDim, share }
  throw keyError(
    `head_dim ${headDim} and partial_rotary_factor ${share ?? 1} give ${rotaryDim} rotary dimensions`,
    `they must give an even number from 2 to ${MAX_ROTARY_DIM}, at most the head`
  )
}

const LATENT = 'qk_rope_head_dim'

/** Multi-head latent attention rotates a separate part of the head; an unknown model with that key has it. */
const isLatent = ({ config, type }: TextModel): boolean =>
  type === undefined ? valueOf(config, LATENT) !== undefined : type.headDimKey === LATENT

function headDimOf({ model, layerType }: HeadKeys): number {
  const { config, type } = model
  if (isLatent(model)) return required(lengthAt(config, LATENT) ?? type?.headDim, LATENT)
  if (layerType === 'full_attention') {
    const whole = lengthAt(config, 'global_head_dim') ?? type?.globalHeadDim
    if (whole !== undefined) return whole
  }
  const named = type?.headDimKey === undefined ? undefined : lengthAt(config, type.headDimKey)
  return named ?? lengthAt(config, 'head_dim') ?? type?.headDim ?? dividedWidth(model)
}

/** ⌊hidden_size / num_attention_heads⌋. */
export function dividedWidth({ config, type }: TextModel): number {
  const first = (...keys: readonly string[]) =>
    keys.map(key => lengthAt(config, key)).find(value => value !== undefined)
  const width = first('hidden_size', 'n_embd', 'd_model') ?? type?.hidden
  const heads = first('num_attention_heads', 'n_head', 'n_heads', 'num_heads') ?? type?.heads
  return Math.floor(required(width, 'head_dim or hidden_size') / required(heads, 'num_attention_heads'))
}

/** The share of the head that is rotated, or R itself where the model states R. */
function turningPart({ model, rope, layer }: HeadKeys): { share?: number | undefined; rotaryDim?: number | undefined } {
  const { config, type } = model
  if (isLatent(model)) return {}
  const found = agreeing(rope, 'partial_rotary_factor', config, ['partial_rotary_factor', 'rotary_pct', 'rope_pct'])
  const share = found === undefined ? undefined : numberAt({ [found.key]: found.value }, found.key, 0)
  if (share !== undefined && share > 1)
    throw keyError(`partial_rotary_factor is ${share}`, 'give a share of the head, at most 1')
  if (share !== undefined) return { share }
  const counts = type === undefined || type.rotaryDim !== undefined
  const counted = counts ? lengthAt(config, 'rotary_dim') : undefined
  // null means that the whole head is rotated, a missing key means the default of the model
  const whole = typeof type?.rotaryDim === 'number' && !Object.hasOwn(config, 'rotary_dim') ? type.rotaryDim : undefined
  const rotaryDim = counted ?? whole
  return rotaryDim === undefined ? { share: layer?.share ?? type?.share } : { rotaryDim }
}
