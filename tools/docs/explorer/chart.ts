// Line charts and bars as SVG, drawn by hand: two axes, a few ticks, a cursor that pointer and arrow keys move.

const WIDTH = 720
const HEIGHT = 260
const LEFT = 56
const RIGHT = 12
const TOP = 26
const BOTTOM = 34
const inner = { width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM }

/** A line: y of x = 0 … n − 1. */
export interface Line {
  readonly name: string
  readonly values: ArrayLike<number>
  readonly faint?: boolean
}

export interface ChartOptions {
  readonly x: string
  readonly y: string
  readonly log?: boolean
  /** Where the y axis begins and ends; from the values where it is left out. */
  readonly range?: readonly [number, number]
  /** What the cursor says at x. */
  readonly read: (x: number) => string
  readonly label: string
}

const svg = <Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Record<string, string | number>,
  ...children: (Node | string)[]
): SVGElementTagNameMap[Name] => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value))
  element.append(...children)
  return element
}

/** A number as people read it: 16,384; 0.143; 1e-5. */
export const read = (value: number): string => {
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1)
  return value.toLocaleString('en', { maximumSignificantDigits: Math.abs(value) >= 1000 ? 21 : 3, useGrouping: true })
}

/** Some four round values between two. */
function ticks(low: number, high: number, log: boolean): number[] {
  if (log) {
    const powers = Array.from({ length: 20 }, (_, k) => 2 ** (k - 1)).filter(
      power => power >= low * 0.999 && power <= high * 1.001
    )
    return powers.filter((_, i) => i % Math.ceil(powers.length / 5) === 0)
  }
  const rough = (high - low) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(k => k * power).find(each => each >= rough) ?? rough
  return Array.from({ length: 12 }, (_, i) => Math.ceil(low / step) * step + i * step).filter(
    value => value <= high * 1.0001
  )
}

/** The line as a path: one column of pixels has its first, least, greatest and last value, so that no peak is lost. */
function pathOf(values: ArrayLike<number>, x: (i: number) => number, y: (value: number) => number): string {
  const columns = Math.min(values.length, 2 * inner.width)
  const parts: string[] = []
  for (let column = 0; column < columns; column++) {
    const begin = Math.floor((column * values.length) / columns)
    const end = Math.max(begin + 1, Math.floor(((column + 1) * values.length) / columns))
    let least = begin
    let greatest = begin
    for (let i = begin; i < end; i++) {
      if (values[i] < values[least]) least = i
      if (values[i] > values[greatest]) greatest = i
    }
    for (const i of [...new Set([begin, least, greatest, end - 1])].sort((a, b) => a - b))
      parts.push(`${parts.length === 0 ? 'M' : 'L'}${x(i).toFixed(1)} ${y(values[i]).toFixed(1)}`)
  }
  return parts.join('')
}

/** Draws lines over 0 … n − 1 into `figure`. */
export function drawLines(
  figure: HTMLElement,
  lines: readonly Line[],
  { x: xLabel, y: yLabel, log = false, range, read: says, label }: ChartOptions
): void {
  const length = Math.max(...lines.map(({ values }) => values.length))
  const all = lines.flatMap(({ values }) => extremes(values))
  let [low, high] = range ?? [Math.min(...all), Math.max(...all)]
  if (low === high) [low, high] = log ? [low / 2, high * 2] : [low - 1, high + 1]
  const scale = (value: number) =>
    log ? (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low)) : (value - low) / (high - low)
  const x = (i: number) => LEFT + (inner.width * i) / Math.max(1, length - 1)
  const y = (value: number) => TOP + inner.height * (1 - scale(value))
  const root = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': label })
  for (const tick of ticks(low, high, log))
    root.append(
      svg('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick) }),
      svg('text', { x: LEFT - 6, y: y(tick) + 4, 'text-anchor': 'end' }, read(tick))
    )
  for (const tick of ticks(0, length - 1, false))
    root.append(svg('text', { x: x(tick), y: HEIGHT - BOTTOM + 16, 'text-anchor': 'middle' }, read(tick)))
  root.append(
    svg('text', { class: 'label', x: WIDTH - RIGHT, y: HEIGHT - 3, 'text-anchor': 'end' }, xLabel),
    svg('text', { class: 'label', x: LEFT, y: TOP - 12 }, yLabel)
  )
  const ordered = [...lines].sort((a, b) => Number(b.faint ?? false) - Number(a.faint ?? false))
  for (const { name, values, faint } of ordered)
    root.append(svg('path', { class: faint ? 'line faint' : 'line', d: pathOf(values, x, y) }, svg('title', {}, name)))
  const cursor = svg('line', { class: 'cursor', y1: TOP, y2: HEIGHT - BOTTOM, x1: -9, x2: -9 })
  root.append(cursor)
  const output = document.createElement('output')
  const slider = document.createElement('input')
  Object.assign(slider, {
    type: 'range',
    min: '0',
    max: String(length - 1),
    step: '1',
    value: String(Math.round((length - 1) / 2))
  })
  slider.setAttribute('aria-label', `Read the curve at: ${xLabel}`)
  const show = (i: number) => {
    for (const end of ['x1', 'x2']) cursor.setAttribute(end, String(x(i)))
    output.textContent = says(i)
  }
  slider.addEventListener('input', () => show(Number(slider.value)))
  root.addEventListener('pointermove', event => {
    const box = root.getBoundingClientRect()
    const i = Math.round(((((event.clientX - box.left) / box.width) * WIDTH - LEFT) / inner.width) * (length - 1))
    slider.value = String(Math.min(length - 1, Math.max(0, i)))
    show(Number(slider.value))
  })
  figure.replaceChildren(root, slider, output)
  show(Number(slider.value))
}

function extremes(values: ArrayLike<number>): [number, number] {
  let low = Infinity
  let high = -Infinity
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) low = values[i]
    if (values[i] > high) high = values[i]
  }
  return [low, high]
}

/** Draws the stretches of position ids of each example as bars over 0 … target − 1. */
export function drawRuns(
  figure: HTMLElement,
  rows: readonly (readonly [number, number])[][],
  target: number,
  label: string
): void {
  const row = 22
  const top0 = 6
  const height = top0 + rows.length * row + BOTTOM
  const x = (position: number) => LEFT + (inner.width * position) / target
  const root = svg('svg', { viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', 'aria-label': label })
  rows.forEach((runs, i) => {
    const top = top0 + i * row
    root.append(
      svg('text', { x: LEFT - 6, y: top + 13, 'text-anchor': 'end' }, `${i}`),
      svg('rect', { class: 'track', x: LEFT, y: top + 3, width: inner.width, height: 14 })
    )
    // one path of even and one of odd stretches: a thousand single positions must not become a thousand elements
    for (const parity of [0, 1]) {
      const d = runs
        .filter((_, k) => k % 2 === parity)
        .map(
          ([from, to]) =>
            `M${x(from).toFixed(2)} ${top + 3}h${Math.max(0.6, x(to + 1) - x(from)).toFixed(2)}v14h-${Math.max(0.6, x(to + 1) - x(from)).toFixed(2)}z`
        )
        .join('')
      const text = runs.length > 8 ? `${runs.length} stretches` : runs.map(([from, to]) => `${from} … ${to}`).join(', ')
      if (d !== '')
        root.append(svg('path', { class: `run run-${parity}`, d }, svg('title', {}, `example ${i}: ${text}`)))
    }
  })
  for (const tick of ticks(0, target, false))
    root.append(svg('text', { x: x(tick), y: height - BOTTOM + 16, 'text-anchor': 'middle' }, read(tick)))
  root.append(svg('text', { class: 'label', x: WIDTH - RIGHT, y: height - 3, 'text-anchor': 'end' }, 'position id'))
  figure.replaceChildren(root)
}
