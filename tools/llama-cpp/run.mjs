// Runs llama.cpp on GGUF files, as a process of its own: it ends the process on files that it does not expect.
//
// usage: node tools/llama-cpp/run.mjs REQUESTS.json RESULTS.jsonl
// A request is { file, context, ids?, at?, all?, texts?, generate? }; its result is a line of RESULTS:
//   { file, probabilities?, next?, ids?, generated?, error? }
// at: the positions to look at, all if not given; probabilities [at][V] with `all`, else next [at]: that of the id that
// follows; ids: those of each text; generated: ids after the given ones, the most likely each time.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { llamaCppFolder } from './installed.mjs'

const entry = join(llamaCppFolder, 'node_modules', 'node-llama-cpp', 'dist', 'index.js')
const { getLlama } = await import(pathToFileURL(entry).href)
const [requestFile, resultFile] = process.argv.slice(2)
const requests = JSON.parse(readFileSync(requestFile, 'utf8'))
writeFileSync(resultFile, '')

const llama = await getLlama({ gpu: false, build: 'never', logLevel: process.env.LLAMA_CPP_LOG ?? 'disabled' })
for (const request of requests) {
  let result
  try {
    result = await run(request)
  } catch (error) {
    result = { error: String(error.message).slice(0, 300) }
  }
  appendFileSync(resultFile, `${JSON.stringify({ file: request.file, ...result })}\n`)
}
process.exit(0)

async function run({ file, context, ids, at, all, texts, generate }) {
  const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 })
  try {
    const result = {}
    if (texts) result.ids = texts.map(text => Array.from(model.tokenize(text, false)))
    if (ids) {
      // a cache in float32: in float16 it differs from the third digit on
      const cache = { experimentalKvCacheKeyType: 'F32', experimentalKvCacheValueType: 'F32' }
      const opened = { contextSize: context, threads: 2, flashAttention: false, batchSize: 512, ...cache }
      const state = await model.createContext(opened)
      const sequence = state.getSequence()
      Object.assign(result, await evaluate(sequence, generate ? ids.slice(0, -1) : ids, at, all))
      if (generate) result.generated = await continueFrom(sequence, ids.slice(-1), generate)
      await state.dispose()
    }
    return result
  } finally {
    await model.dispose()
  }
}

async function evaluate(sequence, ids, at = ids.map((_, t) => t), all) {
  const wanted = new Set(at)
  const probabilities = []
  const next = []
  // parts, so that the distributions of all positions are not in memory together
  for (let from = 0; from < ids.length; from += 256) {
    const part = ids.slice(from, from + 256)
    const asked = part.map((id, i) => (wanted.has(from + i) ? [id, { generateNext: { probabilities: true } }] : id))
    const results = await sequence.controlledEvaluate(asked)
    results.forEach((result, i) => {
      if (!wanted.has(from + i)) return
      const found = result.next.probabilities
      next.push(found.get(ids[from + i + 1]) ?? null)
      if (all) probabilities.push(Array.from({ length: found.size }, (_, id) => found.get(id)))
    })
  }
  return all ? { probabilities } : { next }
}

async function continueFrom(sequence, ids, count) {
  const generated = []
  for await (const id of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
    generated.push(id)
    if (generated.length === count) break
  }
  return generated
}
