import type { Experiment } from '@skipwise/experiment'
import type { Launcher } from './launchers.js'
import type { RunFile } from './run-file.js'

/** The README of a folder: what it is, how it is run, what its program checks. */
export function exportReadme(
  { window, options }: Experiment,
  { steps, batch, length, rope, lora }: RunFile,
  loss: number,
  launcher: Launcher
): string {
  const accelerated =
    launcher === 'accelerate' ? ['accelerate launch --config_file accelerate.yaml train.py --fsdp 2'] : []
  return `# A run for PyTorch

${steps} steps of ${batch} rows of ${length} tokens, positions up to ${window.target}, RoPE by ${rope.scheme}${
    lora ? `, adapters of rank ${options.lora?.rank}` : ''
  }. It was written by Skipwise; nothing of Skipwise is needed to run it.

\`\`\`sh
pip install -r requirements.txt
torchrun --standalone --nproc-per-node 2 train.py            # data parallel
torchrun --standalone --nproc-per-node 8 train.py --fsdp 2   # sharded
${[...accelerated, 'sbatch launch.slurm --fsdp 2'].join('\n')}
\`\`\`

The number of processes must divide ${batch}. The same command goes on from the last checkpoint in \`out\`; checkpoints
are written every ${options.checkpointEvery} steps. \`python train.py --help\` lists the options.

Before the first step, \`train.py\` compares: the files of \`data\` with their digests, the RoPE table with
\`rope.safetensors\`, whether both parts of a row see each other, and the loss of the first batch with
${loss.toFixed(6)}. In every step it looks at the numbers of the rows and at the learning rate. It stops with a sentence
where something differs: no step of a wrong run is paid for.

| file | what it is |
|---|---|
| \`model/\` | the model to start from, with the RoPE keys of the window of ${window.target} |
| \`data/\` | the rows in the order of the steps: \`input_ids\`, \`position_ids\`, \`labels\` (−100 does not count) |
| \`rope.safetensors\` | \`inv_freq\` and \`attention_scaling\`, ${
    rope.checked
      ? 'compared with what transformers makes of `model/config.json`'
      : 'used in place of a table that follows each batch'
  } |
| \`run.json\` | recipe, digests, the rate of every step, AdamW, clipping, seed |
| \`out/model\` | the trained model: \`skipwise import\` takes it back, checks it, and runs the recipe's evaluations |
`
}
