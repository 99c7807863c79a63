import { checkPlace, writeFileAtomic } from '@skipwise/checkpoints'
import { readTokenCount, SkipwiseError } from '@skipwise/core'
import { matchFiles } from '@skipwise/data'
import { DEFAULT_EXECUTOR, parseSetting, type Collaborators, type RecipeOutline } from '@skipwise/experiment'
import { formatTokens } from '@skipwise/report'
import { lstat } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { basename, dirname, relative, resolve } from 'node:path'
import { colours } from '../colours.js'
import { usageError } from '../errors.js'
import { checkLength, exampleLength, isPacked, STEPS, suggestedLength, windowsFor } from '../init/choices.js'
import { fittingRecipe } from '../init/fitting-recipe.js'
import { lookAtModel, type SeenModel } from '../init/look-at-model.js'
import { lookAtTexts, shareOf, type SeenTexts } from '../init/look-at-texts.js'
import { measureRate } from '../init/measure.js'
import { askUntilRight, type Ask } from '../init/questions.js'
import { loadParts, openExecutor } from '../parts.js'
import type { Terminal } from '../terminal.js'

/** Options of `skipwise init`. */
export interface InitOptions {
  /** Files or patterns of texts to train on. */
  readonly data?: readonly string[] | undefined
  /** Files or patterns of texts to measure on. */
  readonly heldOut?: readonly string[] | undefined
  /** T, tokens. */
  readonly serve?: number | undefined
  readonly steps?: number | undefined
  readonly output: string
  readonly overwrite?: boolean | undefined
  readonly yes?: boolean | undefined
  readonly set?: readonly string[] | undefined
}

/** What of `init` depends on the machine: a test gives its own. */
export interface InitSetting {
  /** Asks a question; undefined where there is nobody to ask. */
  readonly ask?: Ask | undefined
  /** Operations a second; default measured for two seconds. */
  readonly rate?: number | undefined
  readonly cores?: number | undefined
}

/** Texts that are suggested where some are there. */
const USUAL = ['corpus/*.jsonl', 'corpus/*.txt', 'data/*.jsonl', '*.jsonl', '*.txt', '*.md']

/**
 * `skipwise init [MODEL]`: looks at a model, at texts and at this machine, asks what it cannot know, and writes a
 * recipe that runs.
 */
export async function init(
  given: string | undefined,
  options: InitOptions,
  terminal: Terminal,
  setting: InitSetting = {}
): Promise<number> {
  const { say, progress, signal } = terminal
  const file = resolve(options.output)
  await checkFile(file, options.overwrite === true)
  const baseFolder = dirname(file)
  const settings = (options.set ?? []).map(parseSetting)
  const ask = options.yes === true ? undefined : (setting.ask ?? (await terminalAsk(terminal)))
  const parts = await loadParts([baseFolder, process.cwd()])

  const look = (reference: string) => lookAtModel(reference, parts, { baseFolder, progress, signal })
  const model = await answered(
    ask,
    say,
    given,
    { message: 'Which model? A folder, or hub:owner/name', suggested: '' },
    look,
    {
      problem: 'no model is given',
      fix: 'write skipwise init MODEL, a folder or hub:owner/name'
    }
  )
  showModel(model, terminal)

  const readTexts = (patterns: readonly string[]) => lookAtTexts(patterns, model.tokenizer, baseFolder, signal)
  const usual = await usualTexts(baseFolder)
  const texts = await answered<readonly string[], SeenTexts | string>(
    ask,
    say,
    options.data,
    { message: 'Which texts to train on? Files or patterns', suggested: usual },
    patterns => readTexts(typeof patterns === 'string' ? wordsOf(patterns) : patterns),
    'corpus/*.jsonl'
  )
  const seen = typeof texts === 'string' ? undefined : texts
  const original = exampleLength(model, seen)
  const packed = isPacked(seen, original)
  if (seen) showTexts(seen, original, packed, terminal)

  const serve = await answered(
    ask,
    say,
    options.serve,
    {
      message: `How long should it read, in tokens? It was made for ${formatTokens(model.model.geometry.maxPositionEmbeddings)}`,
      suggested: String(suggestedLength(model))
    },
    length => checkLength(typeof length === 'number' ? length : tokensOf(length), model),
    suggestedLength(model)
  )
  const heldOut = await heldOutTexts(ask, options, terminal, async patterns => {
    if (seen) await checkApart(patterns, seen.patterns, baseFolder)
    return readTexts(patterns)
  })

  const cores = setting.cores ?? availableParallelism()
  say(`Measuring this machine: ${cores} ${cores === 1 ? 'core' : 'cores'}, ${(totalmem() / 1e9).toFixed(0)} GB`)
  const rate = setting.rate ?? (await rateHere(parts, signal))
  const answers = {
    model,
    texts: { patterns: seen?.patterns ?? [String(texts)], packed },
    original,
    serve,
    heldOut: heldOut && { texts: heldOut, windows: windowsFor(heldOut, original, serve) },
    output: `./${model.name.toLowerCase()}-${short(serve)}`
  }
  const plan = (steps: number) =>
    fittingRecipe(
      { ...answers, steps },
      { parts, baseFolder, settings, rate, fileName: relative(process.cwd(), file), progress, signal }
    )
  const suggested = await plan(options.steps ?? STEPS)
  const steps = await answered(
    ask,
    say,
    options.steps,
    { message: `How many steps? ${STEPS} take about ${suggested.time}`, suggested: String(STEPS) },
    count => (typeof count === 'number' ? count : stepsOf(count)),
    STEPS
  )
  const recipe = steps === (options.steps ?? STEPS) ? suggested : await plan(steps)

  await checkFile(file, options.overwrite === true)
  await writeFileAtomic(file, recipe.text)
  show(recipe, model, file, terminal)
  if (terminal.json) terminal.result(summary(recipe, model, file))
  return 0
}

async function rateHere({ registry }: Collaborators, signal: AbortSignal): Promise<number> {
  const executor = await openExecutor(registry, DEFAULT_EXECUTOR)
  return measureRate(executor, signal).finally(() => executor.dispose())
}

type Fitting = Awaited<ReturnType<typeof fittingRecipe>>

/** An option, or what is answered, or without anybody to ask a default. */
async function answered<Given, Value>(
  ask: Ask | undefined,
  say: (line: string) => void,
  given: Given | undefined,
  question: { message: string; suggested: string },
  read: (value: Given | string) => Value | Promise<Value>,
  otherwise: Value | { problem: string; fix: string }
): Promise<Value> {
  if (given !== undefined) return read(given)
  if (ask) return askUntilRight(ask, question, read, say)
  if (question.suggested !== '') return read(question.suggested)
  if (isMissing(otherwise)) throw usageError('CLI_USAGE', otherwise.problem, otherwise.fix)
  return otherwise
}

const isMissing = (value: unknown): value is { problem: string; fix: string } =>
  typeof value === 'object' && value !== null && 'problem' in value

/** @throws SkipwiseError `CLI_OUTPUT_EXISTS` */
async function checkFile(file: string, overwrite: boolean): Promise<void> {
  await checkPlace(file)
  const isThere = await lstat(file).then(
    () => true,
    () => false
  )
  if (isThere && !overwrite)
    throw usageError(
      'CLI_OUTPUT_EXISTS',
      `${relative(process.cwd(), file)} exists`,
      'write another file by --output, or replace it by --overwrite'
    )
}

/** Questions need a terminal on both ends, and standard output for themselves. */
async function terminalAsk({ json }: Terminal): Promise<Ask | undefined> {
  if (json || process.stdin.isTTY !== true || process.stderr.isTTY !== true) return undefined
  return (await import('../init/prompt.js')).askOnTerminal()
}

/** The first of the usual places that has texts, or nothing. */
async function usualTexts(baseFolder: string): Promise<string> {
  for (const pattern of USUAL) {
    const files = await Promise.resolve()
      .then(() => matchFiles([pattern], baseFolder))
      .catch(() => [])
    if (files.length > 0) return pattern
  }
  return ''
}

async function heldOutTexts(
  ask: Ask | undefined,
  { heldOut }: InitOptions,
  { say }: Terminal,
  read: (patterns: readonly string[]) => Promise<SeenTexts>
): Promise<SeenTexts | undefined> {
  if (heldOut) return read(heldOut)
  if (!ask) return undefined
  const question = { message: 'Which texts to measure on, that are not trained on? Enter for none', suggested: '' }
  return askUntilRight(ask, question, answer => (answer === '' ? undefined : read(wordsOf(answer))), say)
}

/** @throws SkipwiseError `CLI_USAGE` for texts that would be trained on and measured on */
async function checkApart(heldOut: readonly string[], trained: readonly string[], baseFolder: string): Promise<void> {
  const own = new Set(await matchFiles([...trained], baseFolder))
  const both = (await matchFiles([...heldOut], baseFolder)).find(file => own.has(file))
  if (both !== undefined)
    throw usageError(
      'CLI_USAGE',
      `${basename(both)} would be trained on and measured on`,
      'measure on texts that are not trained on'
    )
}

const wordsOf = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean)

function tokensOf(text: string): number {
  const tokens = readTokenCount(text)
  if (tokens !== undefined) return tokens
  throw usageError('CLI_USAGE', `'${text}' is not a number of tokens`, 'write it as 16384 or 16k')
}

function stepsOf(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw usageError('CLI_USAGE', `'${text}' is not a number of steps`, 'write a whole number of at least 1')
}

const short = (tokens: number) => (tokens % 1024 === 0 ? `${tokens / 1024}k` : String(tokens))

function showModel(
  { name, config, model, rope, parameters, tokenizer, missing, findings }: SeenModel,
  terminal: Terminal
) {
  const { maxPositionEmbeddings, rotaryDim } = model.geometry
  const positions =
    rotaryDim === 0
      ? model.positionalEncoding
      : rope.name === 'none'
        ? `RoPE, base ${rope.geometry.base}`
        : `RoPE scaled by ${rope.name}`
  const words = tokenizer === undefined ? 'no tokenizer' : `${tokenizer.vocabSize} words`
  terminal.say(
    `${colours.bold(name)}: ${String(config['model_type'])}, ${(parameters / 1e6).toPrecision(3)} M parameters, window ${formatTokens(maxPositionEmbeddings)}, ${positions}, ${words}`
  )
  for (const { level, rule, problem } of findings) terminal.say(`  ${level}: ${rule}: ${problem}`)
  if (missing !== undefined) terminal.say(`  note: ${missing}; a run needs one`)
}

function showTexts(texts: SeenTexts, original: number, packed: boolean, { say }: Terminal): void {
  const { files, bytes, lengths } = texts
  const sorted = [...lengths].sort((a, b) => a - b)
  const median = sorted[sorted.length >> 1]
  say(
    `${files} ${files === 1 ? 'file' : 'files'}, ${(bytes / 1e6).toPrecision(3)} MB; of the first ${lengths.length} documents the median has ${formatTokens(median)} tokens, and ${(100 * shareOf(texts, original)).toFixed(0)} % have ${formatTokens(original)} or more${packed ? ': they are packed' : ''}`
  )
}

/** Why a recipe does not fit, and what would. */
function problemOf(outline: RecipeOutline): SkipwiseError | undefined {
  try {
    outline.strategy()
    return undefined
  } catch (error) {
    if (error instanceof SkipwiseError) return error
    throw error
  }
}

function show({ outline, time, memory }: Fitting, { reference }: SeenModel, file: string, { say }: Terminal): void {
  const path = relative(process.cwd(), file)
  say(`${colours.green('wrote')} ${path}: ${memory}; about ${time}`)
  const problem = problemOf(outline)
  if (problem) say(`${colours.yellow('note ')} ${problem.problem}: ${problem.fix}`)
  say(
    `\nNext:\n  skipwise extend ${path} --plan     what it takes, in memory\n  skipwise extend ${path}            run it; stop it at any time, the same command resumes`
  )
  if (reference.startsWith('hub:')) say('The weights are downloaded then.')
}

function summary({ outline, method, time, seconds }: Fitting, model: SeenModel, file: string) {
  const problem = problemOf(outline)
  return {
    version: 1,
    recipe: file,
    model: {
      name: model.name,
      parameters: model.parameters,
      window: model.model.geometry.maxPositionEmbeddings,
      findings: model.findings
    },
    window: outline.window,
    method,
    plan: outline.plan,
    estimate: { seconds, words: time },
    fits: problem === undefined,
    ...(problem && { problem: problem.problem, fix: problem.fix })
  }
}
