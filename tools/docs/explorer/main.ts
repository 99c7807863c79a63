// The position explorer: a form, three figures, and the address that says what they show.
import { isSkipwiseError } from '@skipwise/core'
import { drawLines, drawRuns, read } from './chart.js'
import { coverageOf, known, sampleRuns, slowdownOf, summaries, takesChunks } from './model.js'
import { bounded, bounds, fromSearch, toSearch, type State } from './state.js'

const EXAMPLES = 8
const REFERENCES = ['linear', 'ntk', 'yarn']

const element = <Kind extends HTMLElement>(id: string): Kind => document.getElementById(id) as Kind
const field = (id: keyof State) => element<HTMLInputElement | HTMLSelectElement>(id)

function fillSelect(id: 'positions' | 'scheme', names: readonly string[]): void {
  field(id).replaceChildren(...names.map(name => new Option(name, name)))
}

function showForm(state: State): void {
  for (const [key, value] of Object.entries(state)) field(key as keyof State).value = String(value)
  field('chunks').disabled = !takesChunks(state.positions)
  element('positions-summary').textContent = summaries[state.positions]
  element('scheme-summary').textContent = summaries[state.scheme]
}

/** The coverage of the last positions: a change of the scheme does not change it. */
let covered: { key: string; coverage: ReturnType<typeof coverageOf> } | undefined

function coverage(state: State): ReturnType<typeof coverageOf> {
  const key = [state.train, state.target, state.positions, state.chunks, state.seed].join()
  if (covered?.key !== key) covered = { key, coverage: coverageOf(state) }
  return covered.coverage
}

function draw(state: State): void {
  const { train, target, positions, scheme } = state
  const rows = sampleRuns(state, EXAMPLES)
  const trained = rows[0].reduce((sum, [from, to]) => sum + to - from + 1, 0)
  drawRuns(
    element('samples'),
    rows,
    target,
    `${EXAMPLES} examples of ${positions}: ${rows
      .slice(0, 3)
      .map(runs =>
        runs
          .slice(0, 4)
          .map(([from, to]) => `${from} to ${to}`)
          .join(', ')
      )
      .join('; ')}; …`
  )
  element('samples-text').textContent =
    `Each row is one training example of ${read(trained)} tokens; what is coloured is a stretch of consecutive position ids below ${read(target)}.`

  const { probability, examples } = coverage(state)
  const missing = probability.reduce((count, p) => count + Number(p === 0), 0)
  const at = (distance: number) => read(probability[distance])
  drawLines(element('coverage'), [{ name: positions, values: probability }], {
    x: 'relative distance',
    y: 'share of examples',
    range: [0, 1],
    read: distance => `distance ${read(distance)}: ${at(distance)}`,
    label: `Share of examples that hold a relative distance: ${at(Math.floor(train / 2))} at ${Math.floor(train / 2)}, ${at(Math.floor(target / 2))} at ${Math.floor(target / 2)}, ${at(target - 1)} at ${target - 1}`
  })
  element('coverage-text').textContent =
    `${examples === 0 ? 'Exact.' : `Counted over ${examples} examples.`} ${missing === 0 ? 'Every distance is seen.' : `${read(missing)} of ${read(target)} distances are ${examples === 0 ? 'never seen' : 'not in these examples'}.`}`

  const names = [scheme, ...REFERENCES.filter(name => name !== scheme)]
  const curves = names.map(name => ({ name, ...slowdownOf(name, state) }))
  const [own] = curves
  drawLines(
    element('frequencies'),
    curves.map(({ name, factors }, i) => ({ name, values: factors, faint: i > 0 })),
    {
      x: 'rotary pair i, fast to slow',
      y: "slower by θ / θ'",
      log: true,
      range: [
        Math.min(1, ...curves.flatMap(({ factors }) => factors)) * 0.95,
        Math.max(2, ...curves.flatMap(({ factors }) => factors)) * 1.05
      ],
      read: i => `pair ${i}: ${curves.map(({ name, factors }) => `${name} ${read(factors[i])}`).join(', ')}`,
      label: `By how much each rotary pair turns more slowly under ${scheme}: ${read(own.factors[0])} for the fastest, ${read(own.factors[own.factors.length - 1])} for the slowest`
    }
  )
  element('frequencies-text').textContent =
    `s = ${read(target / train)}; attention factor of ${scheme}: ${read(own.attentionFactor)}. Thin lines: ${REFERENCES.filter(name => name !== scheme).join(', ')}.`
}

function show(state: State): void {
  showForm(state)
  const trouble = element('trouble')
  const figures = element('figures')
  try {
    draw(state)
    trouble.textContent = ''
    figures.hidden = false
  } catch (error) {
    // windows that a transform cannot serve: what is wrong and what to do, in its own words
    if (!isSkipwiseError(error)) throw error
    trouble.textContent = `${error.problem}: ${error.fix}`
    figures.hidden = true
  }
}

let state = fromSearch(location.search, known)

function change(next: Partial<State>): void {
  state = { ...state, ...next }
  history.replaceState(undefined, '', `${location.pathname}${toSearch(state)}`)
  show(state)
}

fillSelect('positions', known.positions)
fillSelect('scheme', known.schemes)
for (const key of Object.keys(bounds) as (keyof typeof bounds)[]) {
  const input = field(key) as HTMLInputElement
  ;[input.min, input.max] = bounds[key].map(String)
  input.addEventListener('change', () => change({ [key]: bounded(key, input.value) ?? state[key] }))
}
for (const key of ['positions', 'scheme'] as const)
  field(key).addEventListener('change', () => change({ [key]: field(key).value }))
element('again').addEventListener('click', () => change({ seed: (state.seed + 1) % 2 ** 32 }))
element('form').addEventListener('submit', event => event.preventDefault())
element('copy').addEventListener('click', () => {
  const done = element('copied')
  navigator.clipboard.writeText(location.href).then(
    () => (done.textContent = 'Copied.'),
    () => (done.textContent = location.href)
  )
})
window.addEventListener('popstate', () => show((state = fromSearch(location.search, known))))
show(state)
