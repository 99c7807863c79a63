import { parseBaichuanConfig } from '@skipwise/arch-baichuan'
import { parseGptneoxConfig } from '@skipwise/arch-gptneox'
import { parseLlamaConfig } from '@skipwise/arch-llama'
import { parsePhiConfig } from '@skipwise/arch-phi'
import type { PluginReference } from '@skipwise/core'
import { openModelFolder, type ModelSource } from '@skipwise/experiment'
import {
  checkBlocksType,
  ggufModelError,
  planBaichuan,
  planBlocks,
  planGptneox,
  planPhi,
  tokenizerKeys,
  writeGgufModel,
  type ModelPlan,
  type RopeKeys,
  type WritableType
} from '@skipwise/gguf'
import { locateModel, modelName } from '@skipwise/hub'
import { convertConfig } from '@skipwise/interpolation'
import { readChatTemplateText, readTokenizerParts } from '@skipwise/tokenizers'
import { formatTokens } from '@skipwise/report'
import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { colours } from '../colours.js'
import { usageError } from '../errors.js'
import { loadParts } from '../parts.js'
import type { Terminal } from '../terminal.js'
import type { ExportCommandOptions } from '../export-options.js'
import { endIds } from './generate.js'

/** Types of matrices by their names on the command line. */
const TYPES: Readonly<Record<NonNullable<ExportCommandOptions['type']>, WritableType>> = {
  f32: 'F32',
  f16: 'F16',
  bf16: 'BF16',
  q8_0: 'Q8_0'
}

/** The type of a file without `--type`: that of the weights. */
const OWN_TYPES: Readonly<Record<ModelSource['dtype'], WritableType>> = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16'
}

/**
 * `skipwise export MODEL --for gguf`: a file for llama.cpp, which computes what the model computes, or none. All that
 * can be refused is refused before the weights are read.
 */
export async function exportGguf(model: string, options: ExportCommandOptions, terminal: Terminal): Promise<number> {
  const output = resolve(options.output)
  await checkOutput(output, options.overwrite ?? false)
  const { progress, signal } = terminal
  const folder = await locateModel(model, { progress, signal })
  const parts = await loadParts([process.cwd()])
  const source = await openModelFolder(folder, parts)
  const { plan, rope } = planOf(source, folder, reference => parts.registry.resolveUnknown('interpolation', reference))
  const tokenizer = tokenizerKeys(await readTokenizerParts(source.tokenizerFolder), {
    vocabSize: source.model.geometry.vocabSize,
    chatTemplate: await readChatTemplateText(folder),
    preTokenizer: options.preTokenizer,
    eosId: (await endIds(folder, source.tokenizer))[0]
  })
  const type = options.type ? TYPES[options.type] : OWN_TYPES[source.dtype]
  const written = await source.withWeights(async read =>
    writeGgufModel(output, {
      plan,
      tokenizer,
      type,
      name: basename(modelName(folder)),
      read: async name => float32Of(await read(name)),
      onProgress: (done, total) => progress({ task: 'write weights', done, total, unit: 'bytes' }),
      signal
    })
  )
  const contextLength = source.model.geometry.maxPositionEmbeddings
  const notes = [
    ...rope.notes,
    ...plan.notes,
    ...tokenizer.notes,
    ...(written.inFloat16.length
      ? [`${written.inFloat16.length} matrices are F16, as their rows are not whole blocks of Q8_0`]
      : [])
  ]
  const command = `llama-cli -m ${shellWord(options.output)} -c ${contextLength}`
  if (terminal.json)
    terminal.result({
      output,
      for: 'gguf',
      architecture: plan.architecture,
      type,
      contextLength,
      rope: { keys: rope.keys, tensors: rope.tensors ?? {} },
      ...written,
      notes,
      command
    })
  else {
    const size = `${(written.bytes / 1e6).toPrecision(3)} MB`
    terminal.say(
      `${output}: ${plan.architecture}, ${type}, ${written.tensors} tensors, ${size}, ${formatTokens(contextLength)} tokens of context`
    )
    terminal.say(`${colours.bold('→')} ${command}`)
  }
  for (const note of notes) terminal.note(note)
  return 0
}

/** @throws SkipwiseError `CLI_OUTPUT_EXISTS` */
async function checkOutput(output: string, overwrite: boolean): Promise<void> {
  const found = await stat(output).catch(() => undefined)
  if (found === undefined || (overwrite && found.isFile())) return
  throw usageError(
    'CLI_OUTPUT_EXISTS',
    `${output} ${found.isFile() ? 'exists' : 'is not a file'}`,
    found.isFile() ? 'choose another --output, or add --overwrite' : 'name the file to write, for instance model.gguf'
  )
}

interface Planned {
  readonly plan: ModelPlan
  readonly rope: RopeKeys & { readonly notes: readonly string[] }
}

/** @throws SkipwiseError `GGUF_MODEL`, `ROPE_INEXPRESSIBLE` */
function planOf(
  source: ModelSource,
  folder: string,
  find: (reference: PluginReference) => ReturnType<Parameters<typeof convertConfig>[2]>
): Planned {
  const { config, model } = source
  const { geometry, parameters } = model
  const { maxPositionEmbeddings: length, rotaryDim } = geometry
  const modelType = String(config['model_type'])
  const ropeOf = (given = config) => {
    const { keys, tensors, notes } = convertConfig(given, { to: 'llama.cpp' }, find)
    const dimensions = Object.entries(keys).find(([key]) => key.endsWith('.rope.dimension_count'))?.[1]
    if (dimensions !== rotaryDim)
      throw ggufModelError(`its keys turn ${String(dimensions)} dimensions of a head, and the model ${rotaryDim}`)
    return { keys, tensors, notes }
  }
  switch (modelType) {
    case 'gptj':
      throw ggufModelError('it has no graph for GPT-J, only the name')
    case 'phi': {
      const rope = ropeOf()
      return { rope, plan: planPhi(parsePhiConfig(config), parameters, rope, length) }
    }
    case 'gpt_neox': {
      const rope = ropeOf()
      return { rope, plan: planGptneox(parseGptneoxConfig(config), parameters, rope, length) }
    }
    case 'baichuan': {
      const shape = parseBaichuanConfig(config, modelName(folder))
      // with RoPE it is a LLaMA there, with the keys of one
      const { headDim: head_dim } = geometry
      const asLlama = { ...config, model_type: 'llama', max_position_embeddings: length, head_dim }
      const rope = shape.positionEmbedding === 'rope' ? ropeOf(asLlama) : undefined
      const plan = planBaichuan(shape, parameters, rope, length)
      return { plan, rope: rope ?? { keys: {}, notes: [] } }
    }
    default: {
      checkBlocksType(modelType)
      const rope = ropeOf()
      return { rope, plan: planBlocks(modelType, parseLlamaConfig(config), parameters, rope, length) }
    }
  }
}

function float32Of(weight: unknown): Float32Array {
  if (weight instanceof Float32Array) return weight
  throw new TypeError('a weight was read in a form that is not float32')
}

const shellWord = (word: string) => (/^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
