// Seconds that the few-shot benchmarks take with common beginnings computed once, and without: 25-shot ARC-Challenge,
// 10-shot HellaSwag. Build first: npx nx run skipwise:build. Then: node tools/bench/src/benchmarks.mjs HARNESS [SHAPE],
// HARNESS a folder with data/ and model/ such as ../shared/fixtures/harness, SHAPE the sizes of a LLaMA with random
// weights to take instead of its model (which has d = 64 and two layers): '{"d":256,"L":4,"h":4,"ff":688}'.
import { llama } from '@skipwise/arch-llama'
import { createRegistry } from '@skipwise/core'
import { benchmarks } from '@skipwise/eval-benchmarks'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { loadLanguageModel } from '@skipwise/experiment'
import { createLanguageModel } from '@skipwise/inference'
import { interpolationPlugins, readHuggingFaceRope } from '@skipwise/interpolation'
import { positionalEncodingPlugins } from '@skipwise/positional-encodings'
import { tokenizerJson } from '@skipwise/tokenizers'
import { initializeWeights } from '@skipwise/training'
import { cpus } from 'node:os'
import { join } from 'node:path'

const [folder, shape] = process.argv.slice(2)
if (!folder) {
  process.stderr.write('usage: benchmarks.mjs HARNESS [SHAPE]\n')
  process.exit(2)
}

const registry = createRegistry().register(...interpolationPlugins, ...positionalEncodingPlugins, llama, tokenizerJson)
const executor = await openOnnxExecutor()
const parts = { registry, readRope: readHuggingFaceRope }
const given = await loadLanguageModel(join(folder, 'model'), parts, { executor, lengthLimit: Infinity })
const model = shape ? await randomModel(JSON.parse(shape), given) : given
const alone = {
  name: model.name,
  tokenizer: model.tokenizer,
  vocabSize: model.vocabSize,
  maxLength: model.maxLength,
  score: (ids, options) => model.score(ids, options)
}
const tasks = {
  arc_challenge: { data: 'data/arc.test.jsonl', training: 'data/arc.train.jsonl', shots: 25 },
  hellaswag: { data: 'data/hellaswag.validation.jsonl', training: 'data/hellaswag.train.jsonl', shots: 10 }
}

/** A LLaMA with random weights and the tokenizer of another model. */
async function randomModel({ d, L, h, ff }, { tokenizer, vocabSize, maxLength }) {
  const definition = registry.resolve('architecture', 'llama', {}).define({
    model_type: 'llama',
    vocab_size: vocabSize,
    hidden_size: d,
    intermediate_size: ff,
    num_hidden_layers: L,
    num_attention_heads: h,
    num_key_value_heads: h,
    max_position_embeddings: maxLength
  })
  return createLanguageModel({
    name: 'random',
    model: definition,
    executor,
    maxLength,
    tokenizer,
    weights: initializeWeights(definition, { seed: 0 }),
    encoding: registry.resolve('positional-encoding', definition.positionalEncoding, {}),
    frequencies: registry.resolve('interpolation', 'none', {}).frequencies({
      rotaryDim: definition.geometry.rotaryDim,
      base: 10000,
      originalLength: maxLength,
      targetLength: maxLength
    })
  })
}

/** Seconds of one run. */
async function measure(suite, on) {
  const start = performance.now()
  const { metrics } = await suite.run(on, { seed: 0, resolvePath: path => join(folder, path) })
  return { seconds: (performance.now() - start) / 1000, metrics }
}

const results = []
for (const [name, task] of Object.entries(tasks)) {
  const suite = benchmarks({ tasks: { [name]: task } })
  // Programs are compiled in a first run; then the two take turns, and the fastest of each counts.
  const cached = []
  const uncached = []
  for (let round = 0; round < 4; round++) {
    const one = await measure(suite, model)
    const other = await measure(suite, alone)
    if (JSON.stringify(one.metrics) !== JSON.stringify(other.metrics)) throw new Error('the scores differ')
    if (round > 0) [cached, uncached].forEach((list, i) => list.push([one, other][i].seconds))
  }
  const [fast, slow] = [Math.min(...cached), Math.min(...uncached)]
  results.push({ task: name, shots: task.shots, secondsShared: fast, secondsAlone: slow, ratio: slow / fast })
}
await executor.dispose()
process.stdout.write(
  JSON.stringify(
    { benchmark: 'benchmarks', node: process.version, cpu: cpus()[0]?.model ?? 'unknown', results },
    null,
    2
  ) + '\n'
)
