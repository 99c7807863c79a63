// Prefill and decode of Skipwise against PyTorch's (SDPA, chunked against a cache), alternated in one run on the same
// machine.
//
// usage: node tools/bench/src/inference-against-torch.mjs --python VENV/bin/python [--prompt 4096] [--new-tokens 32]
// [--model '{…}'] [--rounds 3] Needs a Python with torch and transformers, and the built workspace (npm run setup --
// --build). Prints one JSON document.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { json, median, sideBySideOptions } from './side-by-side.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const values = sideBySideOptions({
  model: '{"d":256,"L":4,"h":4,"kv":4,"ff":688,"V":2048}',
  prompt: '4096',
  'new-tokens': '32',
  chunk: '512'
})

const args = [values.model, values.prompt, values['new-tokens'], values.chunk, values.threads]
const runs = { skipwise: [], torch: [] }
for (let round = 0; round < Number(values.rounds); round++) {
  runs.skipwise.push(json(process.execPath, [join(here, 'inference.mjs'), ...args]))
  runs.torch.push(json(values.python, [join(here, 'torch_inference.py'), ...args]))
  for (const [engine, all] of Object.entries(runs)) {
    const run = all[round]
    console.error(
      `round ${round + 1}: ${engine} prefill ${run.prefill_tokens_per_s.toFixed(0)} tokens/s, decode ${run.decode_tokens_per_s.toFixed(1)} tokens/s, ${run.peak_rss_mb.toFixed(0)} MB`
    )
  }
}
const ratio = key => median(runs.skipwise.map(run => run[key])) / median(runs.torch.map(run => run[key]))
console.log(
  JSON.stringify(
    {
      config: runs.skipwise[0].config,
      prompt: Number(values.prompt),
      torch: runs.torch[0].engine,
      prefillTimeRatio: ratio('prefill_s'),
      decodeSpeedRatio: ratio('decode_tokens_per_s'),
      memoryRatio: ratio('peak_rss_mb'),
      runs
    },
    null,
    2
  )
)
