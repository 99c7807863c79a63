// Perplexity of documents by Skipwise against PyTorch doing the same windows, alternated in one run on the same
// machine.
//
// usage: node tools/bench/src/perplexity.mjs --python VENV/bin/python [--model FOLDER] [--documents 20] [--tokens
// 32768] [--window 4096]
//        [--stride 2048] [--rounds 1] [--threads 2]
// Needs a Python with torch and transformers, and the built workspace (npm run setup -- --build). Documents are
// tiny-llama's held-out text, over and over. Reading the text and loading the models are not measured, on either side.
// Prints one JSON document.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { json, median, sideBySideOptions } from './side-by-side.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../../..')
const values = sideBySideOptions({
  model: join(root, 'packages/tiny-llama/model'),
  documents: '20',
  tokens: '32768',
  window: '4096',
  stride: '2048',
  rounds: '1'
})
const load = name => import(pathToFileURL(join(root, 'packages', name, 'dist/index.js')).href)
const [{ loadParts }, { loadLanguageModel }] = [await load('skipwise'), await load('experiment')]

const [documents, tokens, window, stride, rounds, threads] = [
  'documents',
  'tokens',
  'window',
  'stride',
  'rounds',
  'threads'
].map(name => Number(values[name]))
const scratch = mkdtempSync(join(tmpdir(), 'skipwise-bench-'))
const data = join(scratch, 'documents.jsonl')
const windowsFile = join(scratch, 'windows.json')
try {
  const parts = await loadParts([root])
  const executor = await parts.registry.resolveUnknown('executor', { name: 'onnx', config: { threads } }).open()
  const model = await loadLanguageModel(values.model, parts, { executor, lengthLimit: Infinity })
  const texts = readFileSync(join(root, 'packages/tiny-llama/data/held-out.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).text)
  // A document begins where the one before ended its text, so that no two are alike.
  const whole = texts.join('\n\n').repeat(Math.ceil((documents * tokens * 3) / texts.join('\n\n').length) + 1)
  const characters = tokens * 3
  writeFileSync(
    data,
    Array.from({ length: documents }, (_, i) =>
      JSON.stringify({ text: whole.slice(i * characters, (i + 1) * characters) })
    ).join('\n')
  )
  const config = {
    data,
    windows: [window],
    documents,
    minTokens: tokens,
    maxTokens: tokens,
    ...(window < tokens ? { stride } : { truncate: true })
  }
  const suite = parts.registry.resolveUnknown('eval-suite', { name: 'perplexity', config })

  // The very sequences that the suite feeds, for both: recorded, then scored by each.
  const fed = []
  const recorder = {
    ...facade(model),
    score: (ids, { from = 0 } = {}) => (
      fed.push({ ids: Array.from(ids), from }),
      new Float64Array(ids.length - 1).fill(-1)
    )
  }
  await suite.run(recorder, { seed: 0, resolvePath: path => path })
  writeFileSync(windowsFile, JSON.stringify(fed))

  const runs = { skipwise: [], torch: [] }
  await model.score(Int32Array.from(fed[0].ids))
  for (let round = 0; round < rounds; round++) {
    let nll = 0
    let scored = 0
    const started = performance.now()
    for (const { ids, from } of fed) {
      const scores = await model.score(Int32Array.from(ids), { from })
      for (let t = from; t < scores.length; t++) nll -= scores[t]
      scored += scores.length - from
    }
    runs.skipwise.push({
      engine: `skipwise ${executor.name} (${executor.device}) f32`,
      seconds: (performance.now() - started) / 1000,
      tokens: scored,
      nll
    })
    runs.torch.push(
      json(values.python, [join(here, 'torch_perplexity.py'), values.model, windowsFile, String(threads)])
    )
    console.error(
      `round ${round + 1}: skipwise ${runs.skipwise[round].seconds.toFixed(2)} s, torch ${runs.torch[round].seconds.toFixed(2)} s`
    )
  }
  const seconds = {
    skipwise: median(runs.skipwise.map(run => run.seconds)),
    torch: median(runs.torch.map(run => run.seconds))
  }
  console.log(
    JSON.stringify(
      {
        documents,
        tokens,
        window,
        stride,
        threads,
        passes: fed.length,
        timeRatio: seconds.skipwise / seconds.torch,
        seconds,
        nllDifference: Math.abs(runs.skipwise[0].nll / runs.torch[0].nll - 1),
        runs
      },
      null,
      2
    )
  )
  model.dispose()
  await executor.dispose()
} finally {
  rmSync(scratch, { recursive: true })
}

/** What a suite reads of a model. */
function facade(model) {
  return {
    name: model.name,
    tokenizer: model.tokenizer,
    vocabSize: model.vocabSize,
    maxLength: model.maxLength,
    sharesPrefix: () => true,
    dispose() {}
  }
}
