import { formatTokens } from '@skipwise/report'
import { BATCH, learningRateOf, microBatchOf, normsOf, schemeOf, targetOf, type Method } from './choices.js'
import type { SeenModel } from './look-at-model.js'
import type { SeenTexts } from './look-at-texts.js'

/** Everything that a recipe is written from. */
export interface RecipeAnswers {
  readonly model: SeenModel
  readonly texts: { readonly patterns: readonly string[]; readonly packed: boolean }
  /** L_c. */
  readonly original: number
  /** T: the length to serve. */
  readonly serve: number
  readonly steps: number
  readonly method: Method
  /** Texts to measure on, and the windows that they fill. */
  readonly heldOut?: { readonly texts: SeenTexts; readonly windows: readonly number[] } | undefined
  readonly output: string
}

/** A length as people write it: `2k` where that is exact. */
const short = (tokens: number) => (tokens % 1024 === 0 ? `${tokens / 1024}k` : String(tokens))

/** A text of a recipe, quoted where YAML would read something else. */
const quoted = (text: string) =>
  /^[\w./@*][\w./@:*+-]*$/.test(text) && !text.startsWith('*') ? text : JSON.stringify(text)

const list = (items: readonly (string | number)[]) => `[${items.join(', ')}]`

/**
 * A recipe with comments that say why.
 *
 * @param notes lines about what it takes, for the head of the recipe
 */
export function recipeText(answers: RecipeAnswers, notes: readonly string[]): string {
  const { model, texts, original, serve, steps, method, output } = answers
  const window = model.model.geometry.maxPositionEmbeddings
  const scheme = schemeOf(model)
  const head = [
    `${model.name} from ${formatTokens(window)} to ${formatTokens(serve)} tokens, written by skipwise init.`,
    ...notes
  ]
  return [
    ...head.map(line => `# ${line}`),
    `model: ${quoted(model.reference)}`,
    '',
    '# original: tokens of a training example. target: the length to serve and original, since distances near the end of a',
    '# target are seen too rarely (skipwise coverage shows it).',
    `window: { original: ${short(original)}, target: ${short(targetOf(serve, original))} }`,
    ...(scheme === undefined
      ? ['# the model has no RoPE: there is nothing to interpolate']
      : scheme === 'yarn' && model.rope.name === 'none'
        ? ['# YaRN keeps short texts as they were; the others are in docs/schemes.md', `interpolation: ${scheme}`]
        : [
            '# the RoPE of the model is scaled by this scheme, and can be scaled further by it alone',
            `interpolation: ${scheme}`
          ]),
    '# two chunks, as in the PoSE paper',
    'positions: { pose: { chunks: 2 } }',
    '',
    ...(texts.packed
      ? ['# most documents are shorter than an example: they are joined, each attends to itself alone']
      : []),
    `data: { files: ${list(texts.patterns.map(quoted))}${texts.packed ? ', pack: true' : ''} }`,
    '',
    ...trainLines(answers, steps, method),
    '',
    ...evaluationLines(answers),
    '',
    '# a Hugging Face folder, with report.html',
    `output: ${quoted(output)}`,
    ''
  ].join('\n')
}

function trainLines({ model, original }: RecipeAnswers, steps: number, method: Method): string[] {
  const common = [
    'train:',
    '  # the paper takes 1,000 steps of 64; its perplexity is low within the first 100',
    `  steps: ${steps}`,
    `  batch: ${BATCH}`,
    '  # examples computed at once: changes memory and nothing else',
    `  microBatch: ${microBatchOf(original)}`,
    `  learningRate: ${learningRateOf(method, model.parameters)}`,
    `  warmup: ${Math.min(10, Math.ceil(steps / 10))}`
  ]
  if (method === 'everything') return common
  const base = method === 'bf16' ? 'in 16 bits, as the file has them' : `rounded to ${method.slice(3)} bits`
  return [
    ...common,
    `  # the matrices of the model stay and lie in memory ${base}; adapters and the norms are trained`,
    `  base: ${method}`,
    `  lora: { rank: 16, alpha: 32, targets: all-linear, alsoTrain: ${list(normsOf(model.model.parameters))} }`
  ]
}

function evaluationLines({ heldOut, original, serve }: RecipeAnswers): string[] {
  const perplexity =
    heldOut !== undefined && heldOut.windows.length > 0
      ? [
          `  - perplexity: { data: ${list(heldOut.texts.patterns.map(quoted))}, windows: ${list(heldOut.windows.map(short))}, documents: 10 }`
        ]
      : ['  # for perplexity: texts that are not trained on, as - perplexity: { data: held-out.jsonl, windows: [2k] }']
  return [
    '# measured before training and after it',
    'evaluate:',
    ...perplexity,
    `  - passkey: { lengths: ${list([...new Set([original, serve])].map(short))}, trials: 10 }`
  ]
}
