// One training step of Skipwise against PyTorch's, alternated in one run on the same machine.
//
// usage: node tools/bench/src/against-torch.mjs --python VENV/bin/python [--script ../shared/bench/torch_train_step.py]
// [--model '{"T":512,…}'] [--rounds 3] [--mode eager|compile]
//   [--executor onnx|tensorflow|tensorflow:bfloat16] [--dtype f32|bf16]
// Needs a Python with torch and transformers, and the built workspace (npm run setup -- --build). Prints one JSON
// document.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { json, median, sideBySideOptions } from './side-by-side.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..')
const values = sideBySideOptions({
  script: join(root, '../shared/bench/torch_train_step.py'),
  model: '{"d":256,"L":4,"h":4,"kv":4,"ff":688,"V":2048,"T":512,"B":4}',
  mode: 'eager',
  executor: 'onnx',
  dtype: 'f32'
})

const runs = { skipwise: [], torch: [] }
for (let round = 0; round < Number(values.rounds); round++) {
  runs.skipwise.push(
    json(process.execPath, [
      join(root, 'packages/skipwise/dist/cli.js'),
      'bench',
      'train',
      '--model',
      values.model,
      '--executor',
      values.executor,
      '--threads',
      values.threads,
      '--json'
    ])
  )
  runs.torch.push(json(values.python, [values.script, values.model, values.mode, values.dtype, values.threads]))
  const [ours, theirs] = [runs.skipwise[round], runs.torch[round]]
  console.error(
    `round ${round + 1}: skipwise ${ours.tokens_per_s.toFixed(0)} tokens/s, ${ours.peak_rss_mb.toFixed(0)} MB; torch ${theirs.tokens_per_s.toFixed(0)} tokens/s, ${theirs.peak_rss_mb.toFixed(0)} MB`
  )
}
const of = key => ({
  skipwise: median(runs.skipwise.map(run => run[key])),
  torch: median(runs.torch.map(run => run[key]))
})
const speed = of('tokens_per_s')
const memory = of('peak_rss_mb')
console.log(
  JSON.stringify(
    {
      config: runs.skipwise[0].config,
      skipwise: runs.skipwise[0].engine,
      torch: runs.torch[0].engine,
      speedRatio: speed.skipwise / speed.torch,
      memoryRatio: memory.skipwise / memory.torch,
      speed,
      memory,
      runs
    },
    null,
    2
  )
)
