/**
 * Colours of series, distinguishable under every common form of colour blindness: Okabe & Ito, "Color Universal Design"
 * (2008), those with contrast 3 : 1 or near on the background; the yellow is left out. Points also differ in shape.
 */
export const SERIES = [
  { light: '#0072b2', dark: '#56b4e9' },
  { light: '#d55e00', dark: '#ff8a3d' },
  { light: '#00805f', dark: '#2fcf9f' },
  { light: '#b0518c', dark: '#e79cc8' },
  { light: '#8a6d00', dark: '#e6c229' },
  { light: '#4d4d4d', dark: '#c8c8c8' }
] as const

/** Point shapes in the order of {@link SERIES}. */
export const SHAPES = ['circle', 'square', 'triangle-up', 'diamond', 'triangle-down', 'cross'] as const

/** Colours of everything that is not a series. */
export const COLOURS = {
  surface: { light: '#ffffff', dark: '#14181d' },
  ink: { light: '#1c2430', dark: '#e8ebef' },
  muted: { light: '#5a6473', dark: '#a2acb9' },
  grid: { light: '#e4e7ec', dark: '#2b323b' },
  rule: { light: '#8792a2', dark: '#77818f' }
} as const

/** Cells of a heat map, from the lowest value to the highest. */
export const HEAT = [
  { light: '#eef4fa', dark: '#1c2833' },
  { light: '#cfe2f2', dark: '#1f3a52' },
  { light: '#a9cbe6', dark: '#24506f' },
  { light: '#7fb2d9', dark: '#2b648a' },
  { light: '#2f78b3', dark: '#6bb0dc' },
  { light: '#125d99', dark: '#8fc8ec' },
  { light: '#08406f', dark: '#bce2fb' }
] as const

/** Which colour text has on a level of {@link HEAT}. */
export const inkOn = (level: number): (typeof COLOURS)['ink' | 'surface'] => (level < 4 ? COLOURS.ink : COLOURS.surface)

type Themed = { readonly light: string; readonly dark: string }

/** CSS variable → its colour in both themes. */
const VARIABLES: readonly (readonly [string, Themed])[] = [
  ...Object.entries(COLOURS).map(([name, colour]) => [`--${name}`, colour] as const),
  ...SERIES.map((colour, i) => [`--series-${i + 1}`, colour] as const),
  ...HEAT.map((colour, i) => [`--heat-${i + 1}`, colour] as const)
]

/** Declarations of every variable in one theme. */
export const declareTheme = (theme: keyof Themed): string =>
  VARIABLES.map(([name, colour]) => `${name}: ${colour[theme]}`).join('; ')

/** An SVG of the light theme with its colours as variables, so that the theme of the page determines them. */
export function themeable(svg: string): string {
  const names = new Map(VARIABLES.map(([name, { light }]) => [light, name]))
  return svg.replace(/(fill|stroke)="(#[0-9a-f]{6})"/g, (all, attribute: string, colour: string) => {
    const name = names.get(colour)
    return name ? `${attribute}="var(${name})"` : all
  })
}
