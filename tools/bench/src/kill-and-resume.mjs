// One run of `skipwise extend` and one of `skipwise eval`, stopped by SIGINT, SIGTERM or SIGKILL at random moments
// again and again and resumed each time, against the same runs left alone: weights, adapters and every figure that is
// not a time must be the same to the byte. Prints one JSON document; exit code 1 where they differ. Run `npm run build`
// first.
//
//   node tools/bench/src/kill-and-resume.mjs [signals = 50] [seed = 1]
import { randomStream } from '@skipwise/core'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const wanted = Number(process.argv[2] ?? 50)
const seed = Number(process.argv[3] ?? 1)
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGKILL']
/** Milliseconds that a process needs to start: before that there is nothing to stop. */
const START = 700
const STEPS = 400

const cli = fileURLToPath(new URL('../../../packages/skipwise/dist/cli.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'skipwise-kill-'))
const write = (name, data) => writeFileSync(join(folder, name), data)

/** A byte-level tokenizer, as in the tests of `skipwise`. */
function tokenizer() {
  const printable = byte => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  let next = 256
  const alphabet = Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++))
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    post_processor: null,
    pre_tokenizer: byteLevel,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      merges: [],
      vocab: Object.fromEntries(alphabet.map((character, byte) => [character, byte]))
    }
  }
}

function documents(from, to) {
  const line = i =>
    Array.from({ length: 40 }, (_, k) => `${(i + 1) * k} is even? ${((i + 1) * k) % 2 ? 'no' : 'yes'}`).join('; ')
  return Array.from({ length: to - from }, (_, i) => JSON.stringify({ text: line(from + i) })).join('\n')
}

const baseRecipe = `model:
  architecture: llama
  config: { hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 2, max_position_embeddings: 64 }
  tokenizer: tokenizer
window: { original: 64 }
data: { files: [text.jsonl] }
train: { steps: 20, batch: 4, learningRate: 3e-3 }
output: base
`

// Adapters, averages, a guard, validations and packed rows are states of their own: they are stopped too.
const recipe = output => `model: base
window: { original: 64, target: 256 }
data: { files: [text.jsonl], pack: true }
train:
  steps: ${STEPS}
  batch: 8
  microBatch: 4
  learningRate: 3e-3
  checkpointEvery: 3
  lora: { rank: 4, targets: all-linear }
  ema: { decay: 0.99 }
  guard: { loss: 5, action: skip }
  validate: { every: 80, suite: { perplexity: { data: held-out.jsonl, windows: [64], documents: 1 } }, metric: 'perplexity@64' }
evaluate:
  - perplexity: { data: held-out.jsonl, windows: [64, 256], documents: 2 }
output: ${output}
`
const evaluation = JSON.stringify({ data: 'many.jsonl', windows: [64], documents: 60 })

/**
 * Runs a command; sends it a signal after some milliseconds, if it still runs. @returns whether it ended by itself,
 * with success
 */
function run(args, stop) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', chunk => (stderr += chunk))
    const timer = stop && setTimeout(() => child.kill(stop.signal), stop.after)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const wasStopped = signal !== null || /^(TRAINING|CLI)_INTERRUPTED/m.test(stderr)
      if (code === 0) resolve(true)
      else if (stop && wasStopped) resolve(false)
      else reject(new Error(`${args.join(' ')} ended with ${code ?? signal}: ${stderr}`))
    })
  })
}

/** Runs a command whose time alone is known, stopped again and again, to its end. @returns the signals sent, by name */
async function runStopped(args, seconds, most, random) {
  const sent = Object.fromEntries(SIGNALS.map(name => [name, 0]))
  for (let count = 0; count < most; count++) {
    const signal = SIGNALS[random.integer(0, SIGNALS.length - 1)]
    const after = START + random.uniform() * Math.max(400, (1000 * seconds - START) / 8)
    if (await run(args, { signal, after })) return sent
    sent[signal]++
    if (process.stderr.isTTY) process.stderr.write(`\r${args[0]}: signal ${count + 1} `)
  }
  await run(args)
  return sent
}

async function timed(args) {
  const started = performance.now()
  await run(args)
  return (performance.now() - started) / 1000
}

const sha256 = file =>
  createHash('sha256')
    .update(readFileSync(join(folder, file)))
    .digest('hex')

/** What must not depend on interruptions. */
function outcome(name) {
  const { training, results } = JSON.parse(readFileSync(join(folder, name, 'skipwise.json'), 'utf8'))
  const lines = readFileSync(join(folder, name, 'metrics', 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
  const metrics = lines.map(line => {
    const { step, loss, gradientNorm, learningRate, validation } = JSON.parse(line)
    return [step, loss, gradientNorm, learningRate, validation]
  })
  return {
    weights: sha256(`${name}/model.safetensors`),
    adapter: sha256(`${name}/adapter/adapter_model.safetensors`),
    losses: training.losses,
    validation: training.validation,
    metrics,
    results: results.model.map(result => result.metrics),
    leftOver: existsSync(join(folder, `${name}.training`))
  }
}

const scoresOf = name => {
  const { run: _, ...scores } = JSON.parse(readFileSync(join(folder, name), 'utf8'))
  return scores
}

try {
  mkdirSync(join(folder, 'tokenizer'))
  write('tokenizer/tokenizer.json', JSON.stringify(tokenizer()))
  write('text.jsonl', documents(0, 16))
  write('held-out.jsonl', documents(16, 18))
  write('many.jsonl', documents(18, 78))
  write('base.yaml', baseRecipe)
  for (const name of ['alone', 'stopped']) write(`${name}.yaml`, recipe(name))
  const evaluate = file => ['eval', 'perplexity', '--model', 'base', '--output', file, '--config', evaluation]

  await run(['train', 'base.yaml'])
  const random = randomStream({ seed, stream: 'kill-and-resume' })
  const extendSeconds = await timed(['extend', 'alone.yaml'])
  const evalSeconds = await timed(evaluate('alone.json'))
  const extendSignals = await runStopped(['extend', 'stopped.yaml'], extendSeconds, Math.ceil(0.8 * wanted), random)
  const evalSignals = await runStopped(evaluate('stopped.json'), evalSeconds, Math.floor(0.2 * wanted), random)

  const [alone, stopped] = [outcome('alone'), outcome('stopped')]
  const identical = JSON.stringify(alone) === JSON.stringify(stopped)
  const sameScores = JSON.stringify(scoresOf('alone.json')) === JSON.stringify(scoresOf('stopped.json'))
  const result = {
    seed,
    steps: STEPS,
    extend: {
      seconds_alone: +extendSeconds.toFixed(1),
      signals: extendSignals,
      identical,
      weights_sha256: stopped.weights
    },
    eval: { seconds_alone: +evalSeconds.toFixed(1), signals: evalSignals, identical: sameScores }
  }
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  process.exitCode = identical && sameScores ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
