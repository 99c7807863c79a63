import { readConfigFile, readFolderJson } from '@skipwise/checkpoints'
import { diagnoseRope, type DoctorFacts, type Stack } from '@skipwise/interpolation'
import { locateModel, modelName } from '@skipwise/hub'
import { dirname } from 'node:path'
import { showDiagnosis } from '../show-diagnosis.js'
import type { Terminal } from '../terminal.js'

/** `skipwise doctor MODEL`: exit code 1 when something is wrong. A path that ends in `.gguf` is such a file. */
export async function doctor(
  model: string,
  options: { for?: Stack; trainedWith?: string },
  terminal: Terminal
): Promise<number> {
  if (/\.gguf$/i.test(model)) return (await import('./doctor-gguf.js')).doctorGguf(model, terminal)
  const { path, text, config } = await readConfigFile(
    await locateModel(model, { part: 'config', progress: terminal.progress, signal: terminal.signal })
  )
  const found = await factsOf(dirname(path))
  const facts: DoctorFacts = {
    ...found,
    trainedWith: options.trainedWith ?? found.trainedWith,
    modelName: modelName(dirname(path)),
    text
  }
  const diagnosis = diagnoseRope(config, { ...facts, stack: options.for })
  if (terminal.json) terminal.result({ file: path, for: options.for ?? null, ...diagnosis })
  else showDiagnosis(path, diagnosis, terminal)
  return diagnosis.wrong ? 1 : 0
}

/** What `skipwise.json` next to the model says about its training; undefined for any other file. */
async function factsOf(folder: string): Promise<DoctorFacts> {
  try {
    const { interpolation, window } = ((await readFolderJson(folder, 'skipwise.json', 'REPORT_FILE')) ?? {}) as {
      interpolation?: { name?: unknown }
      window?: { original?: unknown }
    }
    const name = interpolation?.name
    const original = window?.original
    return {
      trainedWith: typeof name === 'string' ? name : undefined,
      trainedWindow: typeof original === 'number' ? original : undefined
    }
  } catch {
    return {}
  }
}
