import { declareTheme } from './theme.js'

/** The report's whole style sheet: both themes, narrow screens, print. */
export const STYLES = `
:root { color-scheme: light dark; ${declareTheme('light')} }
@media (prefers-color-scheme: dark) { :root { ${declareTheme('dark')} } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 64rem; padding: 2.5rem 1.25rem 4rem; background: var(--surface); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
h1 { font-size: 1.9rem; line-height: 1.2; letter-spacing: -.015em; margin: 0 0 .5rem }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 3rem 0 .75rem }
p { margin: 0 0 1rem; max-width: 44rem }
figure { margin: 0; max-width: 50rem }
figure svg { display: block; width: 100%; min-width: 32rem; height: auto }
figcaption { color: var(--muted); font-size: .9rem; margin-top: .5rem; max-width: 44rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums }
th, td { padding: .4rem .75rem .4rem 0; text-align: left; border-bottom: 1px solid var(--grid); vertical-align: top }
thead th { color: var(--muted); font-weight: 600; border-bottom-color: var(--rule) }
tbody th { font-weight: 500 }
.number { text-align: right }
td.number, tbody th { white-space: nowrap }
table.wide { font-size: .84rem }
.wide th, .wide td { padding-right: .5rem }
th:last-child, td:last-child, .wide :is(th, td):last-child { padding-right: 0 }
.scroll:focus-visible { outline: 2px solid var(--series-1); outline-offset: 3px; border-radius: 2px }
.actions { margin: .6rem 0 0; font-size: .9rem }
.csv { color: var(--series-1); text-underline-offset: .15em }
.csv::before { content: '\\2193\\a0' }
.csv:focus-visible { outline: 2px solid var(--series-1); outline-offset: 3px; border-radius: 2px }
details { margin: .75rem 0 }
summary { cursor: pointer; color: var(--muted); font-size: .9rem }
summary:focus-visible { outline: 2px solid var(--series-1); outline-offset: 3px; border-radius: 2px }
details > * + * { margin-top: .6rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.5rem; margin: 0; font-size: .92rem }
dt { color: var(--muted) }
dd { margin: 0; overflow-wrap: anywhere }
pre { margin: 0; padding: 1rem; overflow-x: auto; border: 1px solid var(--grid); border-radius: 6px; font: .84rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; tab-size: 2 }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: .5rem } }
@media print {
  :root { ${declareTheme('light')} }
  body { max-width: none; padding: 0; font-size: 11pt }
  h2 { break-after: avoid }
  figure, tr, dl { break-inside: avoid }
  pre { white-space: pre-wrap }
  details.data, .actions { display: none }
}
`.trim()
