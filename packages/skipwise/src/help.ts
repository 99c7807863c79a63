import type { Command } from 'commander'

/** What the help of a verb shows after its options. */
interface VerbHelp {
  readonly examples: readonly string[]
  /** A page of docs/. */
  readonly guide: string
}

const help: Readonly<Record<string, VerbHelp>> = {
  init: {
    examples: ['skipwise init', 'skipwise init hub:HuggingFaceTB/SmolLM2-135M --data corpus/*.jsonl --serve 32k --yes'],
    guide: 'getting-started'
  },
  extend: {
    examples: [
      'skipwise extend recipe.yaml --plan',
      'skipwise extend recipe.yaml --set train.steps=20 --set window.target=18k',
      'skipwise extend example:tinyllama-1.1b-16k'
    ],
    guide: 'extend-your-model'
  },
  train: { examples: ['skipwise train recipe.yaml --watch'], guide: 'training' },
  import: { examples: ['skipwise import run', 'skipwise import run --output ./long'], guide: 'scale' },
  eval: {
    examples: [
      `skipwise eval passkey --model ./long --config '{"lengths": ["2k", "16k"]}' --output passkey.json`,
      'skipwise eval suites.yaml --model ./long --output results/',
      'skipwise eval --compare base.json long.json'
    ],
    guide: 'evaluation'
  },
  merge: { examples: ['skipwise merge shards/*.json --output passkey.json'], guide: 'scale' },
  report: { examples: ['skipwise report ./long results/*.json --out report'], guide: 'evaluation' },
  generate: {
    examples: [
      'skipwise generate ./long "Once upon a time" --max-new-tokens 32',
      'skipwise generate ./long --chat "Hello"'
    ],
    guide: 'extend-your-model'
  },
  coverage: {
    examples: [
      'skipwise coverage --original 2k --target 18k --serve 16k',
      'skipwise coverage --original 2k --target 18k --transform pose randpos'
    ],
    guide: 'positions'
  },
  verify: { examples: ['skipwise verify ./long'], guide: 'extend-your-model' },
  bench: {
    examples: ['skipwise bench train --strategy blockwise', 'skipwise bench overhead --targets 4k 16k 128k'],
    guide: 'performance'
  },
  doctor: { examples: ['skipwise doctor ./long --for vllm', 'skipwise doctor --executors'], guide: 'footguns' },
  convert: { examples: ['skipwise convert ./long --to vllm --output for-vllm.json'], guide: 'schemes' },
  export: {
    examples: [
      'skipwise export ./long --for gguf --output long.gguf',
      'skipwise export recipe.yaml --for torchrun --output run'
    ],
    guide: 'use-your-model'
  },
  recipes: {
    examples: ['skipwise recipes', 'skipwise recipes tinyllama-1.1b-16k > recipe.yaml'],
    guide: 'recipes'
  },
  plugins: { examples: ['skipwise plugins', 'skipwise plugins --json'], guide: 'write-a-plugin' }
}

/**
 * Adds examples and a guide to the help of every verb.
 *
 * @param homepage of package.json, which guides are below; undefined while the repository has no public address
 */
export function addExamples(program: Command, homepage: string | undefined): void {
  for (const command of program.commands) {
    const known = help[command.name()]
    if (known === undefined) continue
    const guide = homepage === undefined ? `docs/${known.guide}.md` : `${homepage}/docs/${known.guide}.md`
    const examples = known.examples.map(example => `  ${example}`).join('\n')
    command.addHelpText('after', `\nExamples:\n${examples}\n\nGuide: ${guide}`)
  }
}
