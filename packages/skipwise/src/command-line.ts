import { readTokenCount } from '@skipwise/core'
import { createRequire } from 'node:module'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { usageError } from './errors.js'
import { addExamples } from './help.js'
import type { Terminal } from './terminal.js'

/** The version of this package, which all packages of a release share. */
const { version, homepage } = createRequire(import.meta.url)('../package.json') as {
  version: string
  homepage?: string
}

type OpenTerminal = (json: boolean) => Terminal

/** `--executor`. Its default is DEFAULT_EXECUTOR of experiment, which help does not load: a test compares the two. */
export const executorOption = (): Option =>
  new Option('--executor <name>', 'onnx, auto, tensorflow, tensorflow:bfloat16, tensorflow:xla, tfjs:cpu, …').default(
    'onnx'
  )

/** How matrices lie in memory: the names of `weightTypes`, which would load the packages of training here. */
const weightsOption = (): Option =>
  new Option('--weights <type>', 'matrices in memory: as 16-bit files have them, or rounded to 8 or 4 bits').choices([
    'float32',
    'bf16',
    'int8',
    'int4'
  ])

/** `--set`, which may be given several times. */
const setOption = (): Option =>
  new Option('--set <key=value>', 'a key of the recipe as train.steps=20, value in YAML; may be given several times')
    .argParser((text: string, all: readonly string[]) => [...all, text])
    .default([], 'none')

/**
 * Parses a command line and runs its verb; verbs are loaded when they are used, so that help is fast.
 *
 * @returns the exit code
 * @throws SkipwiseError `CLI_USAGE` for a command line that is wrong, and what the verb throws
 */
export async function runCommand(args: readonly string[], openTerminal: OpenTerminal): Promise<number> {
  let exitCode = 0
  const program = new Command('skipwise')
    .description('Extends the context window of RoPE language models by PoSE training.')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError()
  const verb = (
    signature: string,
    description: string,
    run: (terminal: Terminal, ...values: never[]) => Promise<number>
  ) =>
    program
      .command(signature)
      .description(description)
      .option('--json', 'print one JSON document on standard output')
      .option('--verbose', 'show what native libraries write to standard error')
      .action(async (...values: unknown[]) => {
        // commander passes arguments, options and the command
        const given = values.slice(0, -1)
        const { json = false, verbose = false } = given[given.length - 1] as { json?: boolean; verbose?: boolean }
        // TensorFlow reads it when it is loaded; fatal errors are written all the same
        if (!verbose) process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3'
        const { usePlainWords } = await import('./plain-words.js')
        usePlainWords()
        exitCode = await run(openTerminal(json), ...(given as never[]))
      })

  verb(
    'init [model]',
    'look at a model, at texts and at this machine, and write a recipe that runs',
    async (terminal, model: string | undefined, options: never) =>
      (await import('./commands/init.js')).init(model, options, terminal)
  )
    .option('--data <files...>', 'texts to train on: files or patterns')
    .option('--held-out <files...>', 'texts to measure on, that are not trained on')
    .option(
      '--serve <tokens>',
      'the length to read; default 4 times the window, twice one of 32k or more',
      positiveTokens
    )
    .option('--steps <n>', 'optimizer steps; default 100', positiveInteger)
    .option('--output <file>', 'recipe to write', 'recipe.yaml')
    .option('--overwrite', 'replace the recipe if it exists')
    .option('--yes', 'ask nothing, take what is suggested')
    .addOption(setOption())
  verb(
    'extend <recipe>',
    'extend the window of a model by a recipe: writes a Hugging Face folder and a report',
    async (terminal, recipe: string, options: never) =>
      (await import('./commands/experiment.js')).experiment('extend', recipe, options, terminal)
  )
    .addOption(setOption())
    .option('--plan', 'print how much memory training would take, without training')
    .option('--watch', 'draw the loss on the terminal during training')
  verb(
    'train <recipe>',
    'train a model at its own window, also from random weights',
    async (terminal, recipe: string, options: never) =>
      (await import('./commands/experiment.js')).experiment('train', recipe, options, terminal)
  )
    .addOption(setOption())
    .option('--plan', 'print how much memory training would take, without training')
    .option('--watch', 'draw the loss on the terminal during training')
  verb(
    'import <run>',
    'take back what a cluster has trained: checks it, writes the model and the report, runs the evaluations',
    async (terminal, run: string, options: never) =>
      (await import('./commands/import.js')).importRun(run, options, terminal)
  )
    .option('--recipe <file>', 'the recipe of the export; default the one that run.json names')
    .option('--output <folder>', 'folder to write; default the output of the recipe')
  verb(
    'eval [suite]',
    'run an evaluation suite, or a .yaml list of suites, on a model or on every checkpoint of a run; compare results',
    async (terminal, suite: string | undefined, options: never) =>
      (await import('./commands/eval.js')).evaluate(suite, options, terminal)
  )
    .option('--model <folder>', 'Hugging Face model folder, or hub:owner/name@revision')
    .option('--config <json>', 'configuration of the suite, for instance \'{"lengths": [512, 4096]}\'', '{}')
    .option('--output <file>', 'file for the result, or folder for several; an interrupted run continues from it')
    .option('--checkpoints <run>', 'evaluate every model in the folder of a run, and compare each with the first')
    .option('--shards <n>', 'compute one shard of n; skipwise merge puts them together', positiveInteger)
    .option('--shard <k>', 'which shard, from 1', positiveInteger)
    .option('--compare <results...>', 'test whether two results differ significantly: files, or folders of runs')
    .addOption(executorOption())
    .addOption(weightsOption())
    .option('--seed <n>', 'seed of the suite', integer, 0)
  verb(
    'merge <shards...>',
    'put the shards of an evaluation together: the result that one process would have written',
    async (terminal, files: string[], options: never) =>
      (await import('./commands/merge.js')).merge(files, options, terminal)
  )
    .requiredOption('--output <file>', 'file for the result')
    .option('--model <folder>', 'model folder; default the one that the shards name')
    .option('--base <folder>', 'what paths in the configuration of the suite are relative to', '.')
  verb(
    'report <files...>',
    'make a report from results, runs and charts: one HTML page, Markdown, SVG and CSV',
    async (terminal, files: string[], options: never) =>
      (await import('./commands/report.js')).report(files, options, terminal)
  )
    .requiredOption('--out <folder>', 'folder of the report')
    .option('--title <text>', 'title of the report', 'Evaluation')
  verb(
    'generate <model> <prompt>',
    'continue a text',
    async (terminal, model: string, prompt: string, options: never) =>
      (await import('./commands/generate.js')).generate(model, prompt, options, terminal)
  )
    .option('--max-new-tokens <n>', 'largest number of new tokens', tokens, 64)
    .option('--temperature <t>', '0 always takes the most likely token', number, 0)
    .option('--top-k <k>', 'sample from the k most likely tokens', integer)
    .option('--top-p <p>', 'sample from the most likely tokens whose probabilities add up to this', number)
    .option('--repetition-penalty <p>', 'values above 1 make tokens that already appeared less likely', number)
    .option(
      '--stop <text>',
      'stop before this text; may be given several times',
      (text: string, all: string[]) => [...all, text],
      []
    )
    .option('--chat', "answer the prompt as a message, by the model's chat template", false)
    .option('--system <text>', 'system message before the prompt, with --chat')
    .option('--seed <n>', 'seed of sampling', integer, 0)
    .addOption(executorOption())
    .addOption(weightsOption())
  verb(
    'coverage',
    'show which relative distances a training run covers, and which target a length needs',
    async (terminal, options: never) => (await import('./commands/coverage.js')).coverage(options, terminal)
  )
    .requiredOption('--original <tokens>', 'L_c: window of the model and of training', tokens)
    .requiredOption('--target <tokens>', 'L_t: window to reach', tokens)
    .addOption(new Option('--train <tokens>').hideHelp().argParser(isNow('--original')))
    .option('--transform <reference...>', 'position transforms to compare: names, or JSON as in a recipe', ['pose'])
    .option('--chunks <n>', 'number of chunks N of the transforms given by name', integer)
    .option('--serve <tokens>', 'T: longest sequence to serve, default the target', tokens)
    .option('--steps <n>', 'steps of the planned run', integer, 1000)
    .option('--batch <n>', 'examples per step', integer, 64)
    .option('--examples <n>', 'number of examples to count where no closed form is known', integer)
    .option('--seed <n>', 'seed of the counted examples', integer, 0)
    .option('--sentence <tokens>', 'mean distance of the tokens at which a transform may split', tokens, 20)
    .option('--every <n>', 'step between the distances that --json lists', tokens)
    .option('--svg <file>', 'write the chart to this file')
  verb(
    'verify <folder...>',
    'check that an output is unchanged, or compare a model with reference outputs (logits, loss, gradients)',
    async (terminal, folders: string[], options: never) =>
      (await import('./commands/verify.js')).verify(folders, options, terminal)
  ).addOption(executorOption())
  verb(
    'bench <what>',
    "measure training steps ('train'), full-length training against PoSE ('overhead'), or the quality of the paper's baselines ('baselines')",
    async (terminal, what: string, options: never) => {
      if (what === 'overhead') return (await import('./commands/overhead.js')).overhead(options, terminal)
      if (what === 'baselines') return (await import('./commands/baselines.js')).baselines(options, terminal)
      if (what !== 'train')
        throw usageError(
          'CLI_USAGE',
          `there is no benchmark called '${what}'`,
          "use 'train', 'overhead' or 'baselines'"
        )
      return (await import('./commands/bench.js')).bench('train', options, terminal)
    }
  )
    .option('--model <json>', 'shape of a LLaMA: d, L, h, kv, ff, V, T, B, and target for PoSE', '{}')
    .addOption(
      new Option('--strategy <name>', 'how gradients are computed')
        .choices(['whole', 'blockwise', 'seco'])
        .default('whole')
    )
    .option('--steps <n>', 'number of measured steps, after 3 warm-up steps', positiveInteger)
    .option(
      '--targets <tokens...>',
      'overhead: windows to reach; default 1024 to 131072',
      (text: string, all: number[] = []) => [...all, positiveTokens(text)]
    )
    .option(
      '--full-length-to <tokens>',
      'overhead: longest target at which full-length training is measured',
      positiveTokens,
      4096
    )
    .option(
      '--repeats <n>',
      'overhead: number of processes that measure each target; the median counts',
      positiveInteger,
      1
    )
    .option(
      '--recipe <file>',
      'overhead: train this recipe with its positions and on whole sequences, and show what it validates by step; baselines: train it by every method'
    )
    .option('--only <methods...>', 'baselines: full-length, randpos, contiguous, pose-1, pose-2, pose-3; default all')
    .option(
      '--svg <prefix>',
      'overhead: write the charts to <prefix>-memory.svg, <prefix>-time.svg and <prefix>-score.svg'
    )
    .addOption(executorOption())
    .option('--threads <n>', 'threads per operator', integer)
  verb(
    'doctor [model]',
    'explain the RoPE keys of a config.json or a GGUF file and their traps, or list the executors of this machine',
    async (terminal, model: string | undefined, options: { executors?: boolean; verbose?: boolean }) => {
      if (options.executors) return (await import('./commands/doctor-executors.js')).doctorExecutors(terminal, options)
      if (model === undefined)
        throw usageError('CLI_USAGE', 'missing argument: model', 'pass a model, or use doctor --executors')
      return (await import('./commands/doctor.js')).doctor(model, options as never, terminal)
    }
  )
    .option('--executors', 'list executors with device, memory and precision, or the reason why one cannot be used')
    .addOption(
      new Option('--for <stack>', 'the stack that will load the model').choices([
        'transformers',
        'vllm',
        'llama.cpp',
        'axolotl'
      ])
    )
    .option('--trained-with <scheme>', 'the interpolation that the weights were trained with, if known')
  verb(
    'convert <model>',
    'convert the RoPE of a config.json for a stack, exactly or not at all',
    async (terminal, model: string, options: never) =>
      (await import('./commands/convert.js')).convert(model, options, terminal)
  )
    .addOption(
      new Option('--to <stack>', 'the stack to convert to')
        .choices(['transformers', 'vllm', 'llama.cpp', 'axolotl', 'litgpt'])
        .makeOptionMandatory()
    )
    .option('--scheme <name>', 'the interpolation that the weights were trained with, instead of the one in the file')
    .option('--scheme-config <json>', 'its configuration', '{}')
    .option('--target <tokens>', 'the window to reach, instead of the one in the file', positiveTokens)
    .option('--as-longrope', 'write the frequencies as a table of longrope factors')
    .addOption(
      new Option('--keys <form>', 'transformers: rope_scaling, rope_parameters or both')
        .choices(['old', 'new', 'both'])
        .default('both')
    )
    .option('--output <file>', 'file to write; default: standard output')
    .option('--overwrite', 'replace the output file if it exists, even if it is the input')
  verb(
    'recipes [name]',
    'list the recipes that come with Skipwise, or print one; skipwise extend example:NAME runs it',
    async (terminal, name: string | undefined) => (await import('./commands/recipes.js')).recipes(name, terminal)
  )
  verb(
    'export <input>',
    'write what another program trains or runs: a recipe for torchrun or accelerate, a model as GGUF for llama.cpp',
    async (terminal, input: string, options: never) =>
      (await import('./commands/export.js')).exportFor(input, options, terminal)
  )
    .addOption(
      new Option('--for <format>', 'what to write').choices(['torchrun', 'accelerate', 'gguf']).makeOptionMandatory()
    )
    .requiredOption('--output <path>', 'file to write, or folder')
    .option('--overwrite', 'gguf: replace the output file if it exists')
    .addOption(
      new Option('--type <type>', 'gguf: type of the matrices; default: that of the weights').choices([
        'f32',
        'f16',
        'bf16',
        'q8_0'
      ])
    )
    .option('--pre-tokenizer <name>', 'gguf: how llama.cpp cuts texts into words, in place of what is found')
  verb('plugins', 'list the plugins that a recipe can name', async (terminal, options: never) =>
    (await import('./commands/plugins.js')).plugins(options, terminal)
  )

  addExamples(program, homepage)
  if (args[0] === 'eval' && args.some(word => word === '--help' || word === '-h'))
    program.commands
      .find(command => command.name() === 'eval')
      ?.addHelpText('after', await (await import('./commands/plugins.js')).suitesHelp())

  try {
    await program.parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return 0
    // a bare `skipwise` prints its help, with a code of misuse
    const problem =
      error.code === 'commander.help'
        ? 'no command is given'
        : error.message.replace(/^error: /, '').replace(/\n/g, ' ')
    throw usageError('CLI_USAGE', problem, 'see `skipwise --help`', error)
  }
}

/** The parser of an option by its earlier name. */
const isNow = (name: string) => () => {
  throw new InvalidArgumentError(`It is now ${name}.`)
}

function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It is not a number.')
  return value
}

function integer(text: string): number {
  const value = number(text)
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('It is not a whole number ≥ 0.')
  return value
}

function positiveInteger(text: string): number {
  const value = integer(text)
  if (value === 0) throw new InvalidArgumentError('It is not a whole number ≥ 1.')
  return value
}

/** A length in tokens: `2048`, `2k`. */
function tokens(text: string): number {
  const count = readTokenCount(text)
  if (count === undefined) throw new InvalidArgumentError('It is not a whole number ≥ 0, nor one with k, as 2k.')
  return count
}

function positiveTokens(text: string): number {
  const count = tokens(text)
  if (count === 0) throw new InvalidArgumentError('It is not a whole number ≥ 1, nor one with k, as 2k.')
  return count
}
