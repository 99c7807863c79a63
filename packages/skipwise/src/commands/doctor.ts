import { readConfigFile, readFolderJson } from '@skipwise/checkpoints'
import {
  diagnoseRope,
  type Diagnosis,
  type DoctorFacts,
  type Finding,
  type RopeNumbers,
  type Stack
} from '@skipwise/interpolation'
import { locateModel, modelName } from '@skipwise/hub'
import { formatTokens, renderTable } from '@skipwise/report'
import { dirname } from 'node:path'
import { colours } from '../colours.js'
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

/** Tables and findings for people. */
export function showDiagnosis(
  path: string,
  { ropes, positions, window, findings, wrong }: Diagnosis,
  { say }: Terminal
): void {
  if (positions !== undefined) {
    say(colours.bold(path))
    const rows = [
      ['positions', `${positions}, no RoPE`],
      ...(window === undefined ? [] : [['window', formatTokens(window)]])
    ]
    say(`${renderTable(['', ''], rows, 'text')}\n`)
  }
  for (const rope of ropes) {
    say(colours.bold(`${path}${rope.layerType === undefined ? '' : `, ${rope.layerType}`}`))
    say(`${renderTable(['', ''], numbersOf(rope), 'text')}\n`)
    say(`${renderTable(['i', 'θ', 'θ′', 'θ / θ′', 'wavelength'], frequencyRows(rope), 'text')}\n`)
  }
  for (const finding of findings) say(describe(finding))
  const count = findings.filter(({ level }) => level === 'wrong').length
  say(
    wrong ? colours.red(`${count} ${count === 1 ? 'thing is' : 'things are'} wrong`) : colours.green('nothing is wrong')
  )
}

const numbersOf = (rope: RopeNumbers): [string, string][] => [
  [
    'scheme',
    `${rope.scheme} ${rope.scheme === 'longrope' ? '' : JSON.stringify(rope.config)}`.replace(' {}', '').trim()
  ],
  [
    'base',
    rope.effectiveBase === undefined || rope.effectiveBase === rope.base
      ? String(rope.base)
      : `${rope.base}, effectively ${rope.effectiveBase}`
  ],
  ['factor', String(rope.factor)],
  ['original length', formatTokens(rope.originalLength)],
  ['target length', formatTokens(rope.targetLength)],
  ['max_position_embeddings', formatTokens(rope.window)],
  ['attention factor', `${rope.attentionFactor} (logits × ${(rope.attentionFactor ** 2).toPrecision(6)})`],
  ['rotary dimensions', String(rope.rotaryDim)]
]

/** Nine of the frequencies, evenly spread; all are in `--json`. */
function frequencyRows({ inverseFrequencies, base, rotaryDim }: RopeNumbers): string[][] {
  const last = inverseFrequencies.length - 1
  const shown = [...new Set(Array.from({ length: 9 }, (_, k) => Math.round((k * last) / 8)))]
  return shown.map(i => {
    const theta = base ** ((-2 * i) / rotaryDim)
    const frequency = inverseFrequencies[i]
    return [
      String(i),
      theta.toPrecision(6),
      frequency.toPrecision(6),
      frequency === 0 ? '∞' : (theta / frequency).toPrecision(5),
      frequency === 0 ? '∞' : ((2 * Math.PI) / frequency).toPrecision(6)
    ]
  })
}

function describe({ rule, level, stacks, layerType, problem, why, fix }: Finding): string {
  const mark = level === 'wrong' ? colours.red('wrong') : colours.yellow('note ')
  const where = [layerType, stacks?.join(', ')].filter(Boolean).join('; ')
  const said = `${colours.bold(rule)}${where ? ` (${where})` : ''}: ${problem}`
  return `${mark} ${said}\n      ${why}\n      ${colours.bold('→')} ${fix}\n`
}
