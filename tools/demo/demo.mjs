// The main job on a small model, after set-up and build: tiny-llama's window is lengthened 17 times by PoSE. Everything
// that is shown is printed by `skipwise extend` itself; the recipe is packages/tiny-llama/recipes/demo.yaml.
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../setup/workspace.mjs'

const tinyLlama = join(root, 'packages', 'tiny-llama')
const recipe = 'packages/tiny-llama/recipes/demo.yaml'
const output = 'packages/tiny-llama/work/demo'

/** Runs a script of this workspace in its root; a failure ends the demo with the same exit code. */
function run(...args) {
  const { status, signal } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? (signal ? 1 : 0))
}

const started = performance.now()
// training text comes from packages that every clone has installed
if (!['text.jsonl', 'passkey-demo.jsonl'].every(name => existsSync(join(tinyLlama, 'corpus', name)))) {
  run(join(tinyLlama, 'scripts', 'collect-text.mjs'))
  run(join(tinyLlama, 'scripts', 'make-documents.mjs'), 'passkey-demo')
}
// a finished demo is shown again; an interrupted one continues
rmSync(join(root, output), { recursive: true, force: true })
run(join(root, 'packages', 'skipwise', 'dist', 'cli.js'), 'extend', recipe)

const minutes = (performance.now() - started) / 60_000
console.log(
  `\nDone in ${minutes.toFixed(1)} minutes. Ask the extended model yourself:\n  npm run --silent skipwise -- generate ${output} "The pass key is"`
)
