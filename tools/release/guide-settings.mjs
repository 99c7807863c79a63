// What the shell lines of the guides find when pack-check runs them, which numbers are smaller then, and which lines
// are not run, and why.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'

/** Lines that are not run: pattern → why. A line that is in no row and fails makes the check fail. */
export const notRun = [
  [/^git clone /, 'whoever runs this has the clone'],
  [/^mkdir |^npm init /, 'the folder of a page is made by the check'],
  [/^npm install /, 'everything is installed from tarballs; what an optional peer needs comes from outside npm'],
  [/^npx skipwise extend example:/, 'takes its model from the Hugging Face Hub'],
  [/^npm test\b/, 'the first step of CI'],
  [/^npm run demo\b/, 'three minutes of training; docs/extend-your-model.md is the same with 20 steps'],
  [
    /^npx nx |^npx -y pnpm@/,
    'in a clone: tools/generators/check.mjs, a step of CI, runs the generator and the targets of what it writes'
  ],
  [/^python3 -m venv /, 'installs TensorFlow from PyPI'],
  [/^node tools\/libtensorflow\/|^export SKIPWISE_TFJS_NODE=/, 'needs TensorFlow'],
  [/^node tools\/bench\/src\/against-torch\.mjs/, 'needs PyTorch'],
  [/torchrun --standalone|^skipwise import run/, 'needs PyTorch; tools/golden/cluster.py runs what they would'],
  [
    /run-128k|SLURM_ARRAY_TASK_ID|^skipwise merge shard/,
    'one of ten machines; packages/evaluation/src/shards.test.ts computes all shards and merges them'
  ],
  [/^llama-cli |^ollama /, 'needs llama.cpp or Ollama; packages/skipwise/test/llama-cpp.test.ts runs what they would']
]

/** Shown → what is run in its place. */
export const inPlaceOf = [
  ['npm run --silent skipwise --', 'skipwise'],
  ['"lengths": [2048, 16384]', '"lengths": [128, 256], "trials": 2'],
  ['--examples 2000', '--examples 100']
]

const recipe = `model: base
window: { original: 256, target: 512 }
interpolation: { yarn: {} }
data: { files: [text.jsonl] }
train: { steps: 2, batch: 2, learningRate: 1e-3 }
output: longer
`

/** A model and documents, and a recipe for them. */
const toExtend = ({ at, copy }) => {
  copy('base', 'base')
  copy('text.jsonl', 'text.jsonl')
  writeFileSync(at('recipe.yaml'), recipe)
}

/**
 * Page → what lies in its folder before its lines are run. `at` is a path there, `copy(from, to)` takes a file or
 * folder of the guide docs/extend-your-model.md, `run` runs a line.
 */
const pages = {
  'README.md': setting => {
    toExtend(setting)
    setting.copy('extended', 'llama-7b-16k')
  },
  'docs/getting-started.md': toExtend,
  'docs/recipes.md': toExtend,
  'packages/skipwise/README.md': toExtend,
  'docs/evaluation.md': ({ at, copy, run }) => {
    for (const [from, to] of [
      ['base', 'base'],
      ['extended', 'llama-7b-16k'],
      ['extended', 'run'],
      ['base', 'run/checkpoint-10']
    ])
      copy(from, to)
    for (const name of ['yarn', 'linear']) copy('extended/skipwise.json', `${name}/skipwise.json`)
    writeFileSync(at('suites.yaml'), '- passkey: { lengths: [128, 256], trials: 2 }\n')
    for (const [model, file] of [
      ['base', 'base.json'],
      ['llama-7b-16k', 'extended.json']
    ])
      run(`skipwise eval passkey --model ${model} --config '{"lengths": [128, 256], "trials": 4}' --output ${file}`)
  },
  'docs/positions.md': ({ at }) => mkdirSync(at('docs/images'), { recursive: true }),
  'docs/scale.md': setting => {
    toExtend(setting)
    writeFileSync(setting.at('extend.yaml'), recipe)
  },
  'docs/use-your-model.md': ({ copy }) => copy('extended', 'extended'),
  'docs/schemes.md': ({ copy }) => copy('extended', 'llama-pose-16k')
}

/**
 * @param {string} page path of a Markdown file
 * @param {(path: string) => string} at a path in its folder
 * @param {string} worked the folder in which docs/extend-your-model.md was worked through
 * @param {(line: string) => void} run runs a line in the page's folder
 */
export const prepare = (page, at, worked, run) =>
  pages[page]?.({ at, copy: (from, to) => cpSync(`${worked}/${from}`, at(to), { recursive: true }), run })
