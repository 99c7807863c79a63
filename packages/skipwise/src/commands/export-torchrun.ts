import { demandExportable, exportRun, type Launcher } from '@skipwise/cluster'
import { lstat, readdir } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { usageError } from '../errors.js'
import { prepare } from '../run-recipe.js'
import type { Terminal } from '../terminal.js'
import type { ExportCommandOptions } from '../export-options.js'

/** `skipwise export RECIPE --for torchrun --output FOLDER`: a run as a folder for PyTorch, and what was written. */
export async function exportTorchrun(
  recipe: string,
  launcher: Launcher,
  { output, overwrite, type, preTokenizer }: ExportCommandOptions,
  terminal: Terminal
): Promise<number> {
  if (overwrite === true || type !== undefined || preTokenizer !== undefined)
    throw usageError(
      'CLI_USAGE',
      '--overwrite, --type and --pre-tokenizer are options of --for gguf',
      `remove them: what ${launcher} trains is in the recipe`
    )
  const { progress, signal, say } = terminal
  await demandFree(output)
  const experiment = await prepare('by window', recipe, { output, check: demandExportable, progress, signal })
  const recipeFile = relative(resolve(output), resolve(recipe))
  const exported = await exportRun(experiment, { launcher, recipeFile, progress, signal })
  const { rows, length, steps, batch, firstLoss, scheme } = exported
  say(`${steps} steps of ${batch} rows: ${rows} rows of ${length} tokens, RoPE by ${scheme}`)
  say(`Loss of the first batch: ${firstLoss.toFixed(6)}. train.py compares it before the first step.`)
  say(`Folder: ${output}`)
  say(`Next:   cd ${output} && torchrun --standalone --nproc-per-node 2 train.py`)
  if (terminal.json) terminal.result({ version: 1, for: launcher, ...exported })
  return 0
}

/** An export never replaces anything. @throws SkipwiseError `CLI_OUTPUT_EXISTS` */
async function demandFree(output: string): Promise<void> {
  const found = await lstat(output).catch(() => undefined)
  const isEmpty = found?.isDirectory() === true && (await readdir(output)).length === 0
  if (found && !isEmpty)
    throw usageError('CLI_OUTPUT_EXISTS', `${output} exists`, 'choose another --output, or remove the folder')
}
