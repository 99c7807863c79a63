import { chartTable, evaluationCharts, loadLanguageModel } from '@skipwise/experiment'
import { renderTable } from '@skipwise/report'
import { resolve } from 'node:path'
import { loadParts, openExecutor, parseJson } from '../parts.js'
import type { Terminal } from '../terminal.js'

/** What `skipwise eval` is told. */
export interface EvalOptions {
  readonly model: string
  readonly config: string
  readonly executor: string
  readonly seed: number
}

/** `skipwise eval SUITE --model FOLDER`. Lengths beyond the model's window are allowed: they show how it fails there. */
export async function evaluate(name: string, options: EvalOptions, terminal: Terminal): Promise<number> {
  const parts = await loadParts([process.cwd()])
  const suite = parts.registry.resolveUnknown('eval-suite', { name, config: parseJson(options.config, '--config') })
  const executor = await openExecutor(parts.registry, options.executor)
  const model = await loadLanguageModel(options.model, parts, { executor, lengthLimit: Infinity })
  try {
    const { progress, signal } = terminal
    const result = await suite.run(model, { seed: options.seed, resolvePath: path => resolve(path), progress, signal })
    if (terminal.json) terminal.result(result)
    else {
      const { headers, rows } = chartTable(evaluationCharts([suite], [[result]]), model.maxLength)
      terminal.say(rows.length ? renderTable(headers, rows, 'text') : renderTable(['metric', 'value'], Object.entries(result.metrics), 'text'))
    }
  } finally {
    model.dispose()
    await executor.dispose()
  }
  return 0
}
