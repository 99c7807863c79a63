// One run of `skipwise train`, killed (SIGKILL) at a random moment again and again and resumed each time, against the same run left alone: weights
// and every figure of the result that is no time must be the same to the byte. Prints one JSON document; exit code 1 where they differ.
// Run `npm run build` first.
//
//   node tools/bench/src/kill-and-resume.mjs [kills = 50] [seed = 1]
import { randomStream } from '@skipwise/core'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const kills = Number(process.argv[2] ?? 50), seed = Number(process.argv[3] ?? 1)
const cli = fileURLToPath(new URL('../../../packages/skipwise/dist/cli.js', import.meta.url)), folder = mkdtempSync(join(tmpdir(), 'skipwise-kill-'))

/** A byte-level tokenizer, as in the tests of `skipwise`. */
const alphabet = () => {
  const printable = byte => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++))
}
const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
const tokenizer = {
  version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, post_processor: null, pre_tokenizer: byteLevel, decoder: byteLevel,
  model: { type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false, byte_fallback: false, vocab: Object.fromEntries(alphabet().map((character, byte) => [character, byte])), merges: [] }
}

// Averages, a guard and validations are states of their own: they are killed too.
const recipe = output => `model:
  architecture: llama
  config: { hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 2, max_position_embeddings: 64 }
  tokenizer: tokenizer
window: { original: 64 }
data: { files: [text.jsonl] }
train:
  steps: 400
  batch: 8
  microBatch: 4
  learningRate: 3e-3
  checkpointEvery: 3
  ema: { decay: 0.99 }
  guard: { loss: 5, action: skip }
  validate: { every: 80, suite: { perplexity: { data: held-out.jsonl, windows: [64], documents: 1 } }, metric: 'perplexity@64' }
output: ${output}
`

mkdirSync(join(folder, 'tokenizer'))
const write = (name, data) => writeFileSync(join(folder, name), data)
const documents = (from, to) => Array.from({ length: to - from }, (_, i) => JSON.stringify({ text: Array.from({ length: 40 }, (_, k) => `${(i + from + 1) * k} is even? ${((i + from + 1) * k) % 2 ? 'no' : 'yes'}`).join('; ') })).join('\n')
write('tokenizer/tokenizer.json', JSON.stringify(tokenizer))
write('text.jsonl', documents(0, 16))
write('held-out.jsonl', documents(16, 18))
for (const name of ['whole', 'killed']) write(`${name}.yaml`, recipe(name))

/** Runs the recipe; kills it after `after` milliseconds, if it still runs. @returns whether it was killed */
function run(name, after = Infinity) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, 'train', `${name}.yaml`], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', chunk => (stderr += chunk))
    const timer = Number.isFinite(after) ? setTimeout(() => child.kill('SIGKILL'), after) : undefined
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (signal === null && code !== 0) reject(new Error(stderr))
      else resolve(signal === 'SIGKILL')
    })
  })
}

/** Steps in the saved state, to say where a run was killed. */
function savedStep() {
  const file = join(folder, 'killed.training', 'state.safetensors')
  if (!existsSync(file)) return 0
  const bytes = readFileSync(file), header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString())
  return Number(header.__metadata__.step)
}

const sha256 = file => createHash('sha256').update(readFileSync(file)).digest('hex')
/** What must not depend on interruptions. */
function outcome(name) {
  const { training: { losses, validation } } = JSON.parse(readFileSync(join(folder, name, 'skipwise.json'), 'utf8'))
  const metrics = readFileSync(join(folder, name, 'metrics', 'metrics.jsonl'), 'utf8').trim().split('\n').map(line => {
    const { step, loss, gradientNorm, learningRate, validation: score } = JSON.parse(line)
    return [step, loss, gradientNorm, learningRate, score]
  })
  return { weights: sha256(join(folder, name, 'model.safetensors')), losses, validation, metrics }
}

try {
  const started = performance.now()
  await run('whole')
  const seconds = (performance.now() - started) / 1000, random = randomStream({ seed, stream: 'kill-and-resume' }), steps = []
  let finished = false
  // A process needs a while to start: from then on any moment is as likely, up to the time that leaves work for the kills to come.
  const start = 700
  for (let kill = 0; kill < kills && !finished; kill++) {
    const wasKilled = await run('killed', start + random.uniform() * Math.max(400, (1000 * seconds - start) / 8))
    finished = !wasKilled
    if (wasKilled) steps.push(savedStep())
    if (process.stderr.isTTY) process.stderr.write(`\rkill ${kill + 1}, ${steps.at(-1)} steps saved `)
  }
  if (!finished) await run('killed')
  const [whole, killed] = [outcome('whole'), outcome('killed')], identical = JSON.stringify(whole) === JSON.stringify(killed)
  process.stdout.write(`${JSON.stringify({ kills: steps.length, seed, steps: 400, uninterrupted_seconds: +seconds.toFixed(1), saved_steps_at_kills: steps, identical, weights_sha256: killed.weights }, null, 2)}\n`)
  process.exitCode = identical && steps.length === kills ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
