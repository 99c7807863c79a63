// Makes tiny-llama from nothing: corpus, tokenizer, documents, five trainings from random weights, model/. Build the
// workspace first (npm run setup -- --build). Usage: node scripts/build.mjs [--from STEP]; a training that was
// interrupted goes on where it was.
import { spawnSync } from 'node:child_process'
import { copyFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { collectText } from './collect-text.mjs'
import { makeDocuments } from './make-documents.mjs'
import { at, isMain, say, workspaceRoot } from './paths.mjs'
import { trainTokenizer } from './train-tokenizer.mjs'

/** @param {string} recipe */
function train(recipe) {
  const { status } = spawnSync(
    process.execPath,
    [join(workspaceRoot, 'packages', 'skipwise', 'dist', 'cli.js'), 'train', at('recipes', recipe)],
    { stdio: 'inherit' }
  )
  if (status !== 0) throw new Error(`skipwise train recipes/${recipe} ended with ${status}`)
}

/** The files of a model; what else training leaves in a folder (reports, state) stays there. */
function takeModel() {
  const files = readdirSync(at('work', '5-base')).filter(name =>
    /^(config\.json|generation_config\.json|model.*\.safetensors)$/.test(name)
  )
  for (const name of files) copyFileSync(at('work', '5-base', name), at('model', name))
}

const steps = {
  collect: () => collectText(),
  tokenizer: () => trainTokenizer(),
  documents: () => makeDocuments(),
  'chain-30': () => train('1-chain-30.yaml'),
  'chain-60': () => train('2-chain-60.yaml'),
  'chain-all': () => train('3-chain-all.yaml'),
  recall: () => train('4-recall.yaml'),
  base: () => train('5-base.yaml'),
  model: () => takeModel()
}

if (isMain(import.meta.url)) {
  const names = Object.keys(steps)
  const from = process.argv.indexOf('--from')
  const first = from < 0 ? 0 : names.indexOf(process.argv[from + 1])
  if (first < 0) throw new Error(`--from takes one of ${names.join(', ')}`)
  for (const name of names.slice(first)) {
    say(`— ${name}`)
    await steps[name]()
  }
}
