import type { Diagnosis, Finding, RopeNumbers } from '@skipwise/interpolation'
import { formatTokens, renderTable } from '@skipwise/report'
import { colours } from './colours.js'
import type { Terminal } from './terminal.js'

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
