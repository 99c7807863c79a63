// A folder with a tiny tokenizer, documents and recipes, and the built command to run on them.
import { spawn } from 'node:child_process'
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const core = join(here, '..', '..', 'core')

export const cli = join(here, '..', 'dist', 'cli.js')

export interface Outcome {
  readonly code: number | null
  /** What ended the process, where it did not end by itself. */
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** Looked at every 5 ms: the process is killed as soon as it is true. */
  readonly kill?: () => boolean
  /** What is sent instead of SIGKILL, one signal after another, with milliseconds between them; default 0. */
  readonly signals?: readonly (NodeJS.Signals | number)[]
  readonly env?: Record<string, string>
}

/** Runs the command to its end, or kills it when `kill` says so. */
export function skipwise(
  args: readonly string[],
  { cwd, kill, signals = ['SIGKILL'], env = {} }: RunOptions & { cwd: string }
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], { cwd, env: { ...process.env, ...env } })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', chunk => (stdout += chunk))
    child.stderr.on('data', chunk => (stderr += chunk))
    const send = ([next, ...rest]: readonly (NodeJS.Signals | number)[]): void => {
      if (next === undefined) return
      if (typeof next === 'number') setTimeout(() => send(rest), next)
      else {
        child.kill(next)
        send(rest)
      }
    }
    const watch =
      kill &&
      setInterval(() => {
        if (!kill()) return
        clearInterval(watch)
        send(signals)
      }, 5)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearInterval(watch)
      resolve({ code, signal, stdout, stderr })
    })
  })
}

/** The 256 characters with which byte-level BPE writes bytes (GPT-2, `bytes_to_unicode`). */
function byteAlphabet(): string[] {
  const printable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++))
}

const tokenizer = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  post_processor: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    vocab: Object.fromEntries(byteAlphabet().map((character, byte) => [character, byte])),
    merges: []
  }
}

export const trainRecipe = `model:
  architecture: llama
  config: { hidden_size: 16, intermediate_size: 32, num_hidden_layers: 2, num_attention_heads: 2, max_position_embeddings: 32, rope_theta: 10000 }
  tokenizer: tokenizer
window: { original: 32 }
data: { files: [text.jsonl] }
train: { steps: 12, batch: 4, microBatch: 2, learningRate: 1e-2, warmup: 2, checkpointEvery: 2 }
output: base
seed: 3
`

export const extendRecipe = `model: base
window: { original: 32, target: 128 }
data: { files: [text.jsonl] }
train: { steps: 8, batch: 2, learningRate: 1e-3, warmup: 2, checkpointEvery: 3 }
evaluate:
  - perplexity: { data: held-out.jsonl, windows: [32, 128], documents: 2 }
output: out/long
`

export class Workspace {
  readonly folder = mkdtempSync(join(tmpdir(), 'skipwise-'))

  constructor() {
    mkdirSync(join(this.folder, 'tokenizer'))
    // where configurations in the folder, and in folders of it, find definePlugin
    mkdirSync(join(this.folder, 'node_modules', '@skipwise'), { recursive: true })
    symlinkSync(core, join(this.folder, 'node_modules', '@skipwise', 'core'), 'junction')
    this.write('tokenizer/tokenizer.json', JSON.stringify(tokenizer))
    this.write('text.jsonl', documents(0, 8))
    this.write('held-out.jsonl', documents(8, 10))
    this.write('train.yaml', trainRecipe)
    this.write('extend.yaml', extendRecipe)
  }

  path = (name: string) => join(this.folder, name)
  write = (name: string, data: string | Uint8Array) => writeFileSync(this.path(name), data)
  run = (args: readonly string[], options: RunOptions = {}) => skipwise(args, { cwd: this.folder, ...options })
  remove = () => rmSync(this.folder, { recursive: true, force: true })
}

/** Documents of some 300 characters that a tiny model can learn something from. */
function documents(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) =>
    JSON.stringify({
      text: Array.from(
        { length: 40 },
        (_, k) => `${(i + from + 1) * k} is even? ${((i + from + 1) * k) % 2 ? 'no' : 'yes'}`
      ).join('; ')
    })
  ).join('\n')
}
