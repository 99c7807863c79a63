import { expect, test } from 'vitest'
import { sampleReport } from '../test/sample.js'
import { renderMarkdown, reportFiles } from './index.js'

test('a report is a page, Markdown, and two files a chart, the same bytes twice', async () => {
  const files = await reportFiles(sampleReport)
  const names = files.map(({ name }) => name)
  expect(names).toEqual([
    'report.html',
    'report.md',
    ...['perplexity', 'passkey-depth', 'benchmarks', 'memory', 'loss'].flatMap(id => [`${id}.svg`, `${id}.csv`])
  ])
  expect(await reportFiles(structuredClone(sampleReport))).toEqual(files)
  const [, markdown] = files
  for (const line of [
    '# tiny-llama: 512 → 8192 tokens',
    '![The loss falls from 4.1 to 1.9.](loss.svg)',
    '## By length',
    '```yaml'
  ])
    expect(markdown.text).toContain(line)
})

test('charts of one id are told apart, and no id leaves the folder', async () => {
  const [chart] = sampleReport.charts
  const names = (
    await reportFiles({
      title: 't',
      charts: [chart, chart, { ...chart, id: '../../etc/x' }, { ...chart, id: 'report' }]
    })
  ).map(({ name }) => name)
  expect(names.filter(name => name.endsWith('.svg'))).toEqual([
    'perplexity.svg',
    'perplexity-2.svg',
    'etc-x.svg',
    'report-2.svg'
  ])
})

test('Markdown keeps strange text as text', () => {
  const text = renderMarkdown({ title: '<b>*x*', charts: [], recipe: 'a: |\n  ```\n  out' }, () => '')
  expect(text).toContain('# &lt;b&gt;\\*x\\*')
  expect(text).toContain('````yaml\na: |\n  ```\n  out\n````')
})
