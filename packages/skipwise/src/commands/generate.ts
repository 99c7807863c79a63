import { loadLanguageModel } from '@skipwise/experiment'
import { loadParts, openExecutor } from '../parts.js'
import type { Terminal } from '../terminal.js'

/** What `skipwise generate` is told. */
export interface GenerateCommandOptions {
  readonly maxNewTokens: number
  readonly temperature: number
  readonly topK?: number
  readonly topP?: number
  readonly seed: number
  readonly executor: string
}

/** `skipwise generate MODEL PROMPT`: streams the continuation. */
export async function generate(folder: string, prompt: string, options: GenerateCommandOptions, terminal: Terminal): Promise<number> {
  const parts = await loadParts([process.cwd()]), executor = await openExecutor(parts.registry, options.executor)
  const model = await loadLanguageModel(folder, parts, { executor })
  try {
    const { tokenizer } = model, { maxNewTokens, temperature, topK, topP, seed } = options
    const bos = tokenizer.addBos && tokenizer.bosId !== undefined ? [tokenizer.bosId] : []
    const ids = Int32Array.from([...bos, ...tokenizer.encode(prompt)]), generated: number[] = []
    let written = ''
    const started = performance.now()
    for await (const id of model.generate(ids, {
      maxNewTokens, temperature, seed, signal: terminal.signal,
      ...(topK === undefined ? {} : { topK }),
      ...(topP === undefined ? {} : { topP }),
      ...(tokenizer.eosId === undefined ? {} : { stopIds: [tokenizer.eosId] })
    })) {
      generated.push(id)
      if (!terminal.json) written = stream(tokenizer.decode(generated), written)
    }
    const text = tokenizer.decode(generated)
    if (terminal.json) terminal.result({ model: folder, prompt, text, promptTokens: ids.length, newTokens: generated.length, seconds: (performance.now() - started) / 1000 })
    else process.stdout.write(`${text.slice(written.length)}\n`)
  } finally {
    model.dispose()
    await executor.dispose()
  }
  return 0
}

/** Writes what is new. A character that is not complete yet decodes to U+FFFD: it waits. */
function stream(text: string, written: string): string {
  const complete = text.replace(/\uFFFD+$/, '')
  if (!complete.startsWith(written)) return written
  process.stdout.write(complete.slice(written.length))
  return complete
}
