import type { ModelConfig } from '@skipwise/checkpoints'
import { SkipwiseError, type Interpolation } from '@skipwise/core'
import { Collector } from '../collector.js'
import { extendedConfig, type ModelFacts } from '../model-source.js'
import { toReference, type RopeReading } from '../parts.js'
import type { ResolveContext } from './context.js'

/** RoPE of the model to be written. */
export interface RopePart {
  readonly rope: RopeReading & { readonly interpolation: Interpolation }
  /** `config.json` with it. */
  readonly config: ModelConfig
}

/**
 * The RoPE that a recipe asks for, and the configuration that says so. Without interpolation in the recipe, a model
 * that is already scaled stays with its scheme, and one without RoPE has none.
 *
 * @throws SkipwiseErrors `RECIPE_ROPE_NONE`, `RECIPE_ROPE_SCALED`, and what making the scheme throws
 */
export async function ropeOf(context: ResolveContext, source: ModelFacts): Promise<RopePart> {
  const { document } = context
  const check = Collector.ofPart(document)
  const rope = await check.attempt(['interpolation'], () => readingOf(context, source, check))
  const config = rope && (await check.attempt(['interpolation'], () => configOf(context, source, rope), [['window']]))
  return check.end({ rope, config })
}

function readingOf(
  { recipe, kind, registry, window }: ResolveContext,
  source: ModelFacts,
  check: Collector
): RopePart['rope'] | undefined {
  if (kind === 'train') return { ...source.rope, interpolation: registry.resolveUnknown('interpolation', source.rope) }
  const isPlain = source.rope.name === 'none' && source.model.geometry.rotaryDim > 0
  const scheme = toReference(recipe.interpolation ?? (isPlain ? 'yarn' : source.rope.name))
  const wrong = checkRope(scheme.name, source)
  check.add(['interpolation'], wrong)
  // the scheme of a model without RoPE would complain of a geometry that is not there
  if (wrong.some(({ code }) => code === 'RECIPE_ROPE_NONE')) return undefined
  const inherited = scheme.name === source.rope.name ? source.rope.config : {}
  const reading = {
    name: scheme.name,
    config: { ...inherited, ...(scheme.config as object | undefined) },
    geometry: { ...source.rope.geometry, targetLength: window.target }
  }
  return { ...reading, interpolation: registry.resolveUnknown('interpolation', reading) }
}

/** Scaled further from the wrong window, a model gets a factor that is off by that of the file. */
function windowUnclear({ name, geometry: { originalLength, targetLength } }: ModelFacts['rope']): SkipwiseError {
  return new SkipwiseError('RECIPE_ROPE_SCALED', {
    problem: `the model's RoPE is scaled by ${name}, and its config.json does not say whether ${Math.round(targetLength)} tokens are its window before or after scaling`,
    fix: `write "original_max_position_embeddings": ${Math.round(originalLength)} or ${Math.round(targetLength)} in its config.json: the window that it was first trained with`
  })
}

/**
 * A scaled RoPE can be scaled further by its own scheme; two schemes on top of one another are not a scheme that anyone
 * reads.
 */
function checkRope(scheme: string, { rope, model }: ModelFacts): SkipwiseError[] {
  if (model.geometry.rotaryDim === 0 && scheme !== 'none') {
    return [
      new SkipwiseError('RECIPE_ROPE_NONE', {
        problem: `the model has no RoPE (${model.positionalEncoding}), but the recipe's interpolation is ${scheme}`,
        fix: 'remove interpolation: the window of such a model is extended by positions only'
      })
    ]
  }
  if (rope.name === 'none') return []
  if (rope.name === scheme) return rope.windowUnclear ? [windowUnclear(rope)] : []
  return [
    new SkipwiseError('RECIPE_ROPE_SCALED', {
      problem: `the model's RoPE is already scaled by ${rope.name}, but the recipe's interpolation is ${scheme}`,
      fix: `use ${rope.name}, which is then computed from the original ${Math.round(rope.geometry.originalLength)} tokens, or extend the unscaled model`
    })
  ]
}

function configOf(
  { recipe: { dtype }, kind, writeRope }: ResolveContext,
  source: ModelFacts,
  rope: RopePart['rope']
): ModelConfig {
  const written = () => writeRope?.(source.config, rope) ?? rope.interpolation.toHuggingFace(rope.geometry)
  const config =
    kind === 'extend' ? extendedConfig(source, written()) : { ...source.config, ...source.model.configKeys }
  if (dtype === undefined && source.folder !== undefined) return config
  // transformers ≤ 4 reads torch_dtype, later ones dtype
  const stored = dtype ?? source.dtype
  return { ...config, torch_dtype: stored, ...('dtype' in config ? { dtype: stored } : {}) }
}
