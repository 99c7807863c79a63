// Seconds that the few-shot benchmarks take with common beginnings computed once, and without: 25-shot ARC-Challenge, 10-shot HellaSwag.
// Build first: npx nx run skipwise:build. Then: node tools/bench/src/benchmarks.mjs HARNESS, a folder with data/ and model/ such as
// ../shared/fixtures/harness.
import { llama } from '@skipwise/arch-llama'
import { createRegistry } from '@skipwise/core'
import { benchmarks } from '@skipwise/eval-benchmarks'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { loadLanguageModel } from '@skipwise/experiment'
import { interpolationPlugins, readHuggingFaceRope } from '@skipwise/interpolation'
import { positionalEncodingPlugins } from '@skipwise/positional-encodings'
import { tokenizerJson } from '@skipwise/tokenizers'
import { cpus } from 'node:os'
import { join } from 'node:path'

const folder = process.argv[2]
if (!folder) {
  process.stderr.write('usage: benchmarks.mjs HARNESS\n')
  process.exit(2)
}

const registry = createRegistry().register(...interpolationPlugins, ...positionalEncodingPlugins, llama, tokenizerJson)
const executor = await openOnnxExecutor(), parts = { registry, readRope: readHuggingFaceRope }
const model = await loadLanguageModel(join(folder, 'model'), parts, { executor, lengthLimit: Infinity })
const alone = { name: model.name, tokenizer: model.tokenizer, vocabSize: model.vocabSize, maxLength: model.maxLength, score: (ids, options) => model.score(ids, options) }
const tasks = {
  arc_challenge: { data: 'data/arc.test.jsonl', training: 'data/arc.train.jsonl', shots: 25 },
  hellaswag: { data: 'data/hellaswag.validation.jsonl', training: 'data/hellaswag.train.jsonl', shots: 10 }
}

/** Seconds of one run. */
async function measure(suite, on) {
  const start = performance.now()
  const { metrics } = await suite.run(on, { seed: 0, resolvePath: path => join(folder, path) })
  return { seconds: (performance.now() - start) / 1000, metrics }
}

const results = []
for (const [name, task] of Object.entries(tasks)) {
  const suite = benchmarks.create(benchmarks.config.parse({ tasks: { [name]: task } }))
  // Programs are compiled in a first run; then the two take turns, and the fastest of each counts.
  const cached = [], uncached = []
  for (let round = 0; round < 4; round++) {
    const one = await measure(suite, model), other = await measure(suite, alone)
    if (JSON.stringify(one.metrics) !== JSON.stringify(other.metrics)) throw new Error('the scores differ')
    if (round > 0) [cached, uncached].forEach((list, i) => list.push([one, other][i].seconds))
  }
  const [fast, slow] = [Math.min(...cached), Math.min(...uncached)]
  results.push({ task: name, shots: task.shots, secondsShared: fast, secondsAlone: slow, ratio: slow / fast })
}
await executor.dispose()
process.stdout.write(JSON.stringify({ benchmark: 'benchmarks', node: process.version, cpu: cpus()[0]?.model ?? 'unknown', results }, null, 2) + '\n')
