import type { Report } from '../src/index.js'

const lengths = [512, 1024, 2048, 4096, 8192, 16384]
const models = ['base', 'extended with linear interpolation', 'extended with YaRN']

/** A report with every kind of chart and a wide table, of made-up numbers. */
export const sampleReport: Report = {
  title: 'tiny-llama: 512 → 8192 tokens',
  summary: 'Made-up numbers: every kind of figure that a report can have.',
  charts: [
    {
      id: 'perplexity',
      title: 'Perplexity by context length',
      description: 'The base model collapses beyond 512 tokens, the others do not.',
      x: { label: 'Context window (tokens)', scale: 'log' },
      y: { label: 'Perplexity (lower is better)', scale: 'log' },
      series: models.map((name, i) => ({
        name,
        points: lengths.map((length, j) => [length, i === 0 ? 7.9 * 3 ** j : 8.4 - 0.2 * i - 0.1 * j] as const)
      })),
      rules: [
        { x: 512, label: 'window of 512' },
        { x: 8192, label: 'window of 8192' }
      ]
    },
    {
      kind: 'heat-map',
      id: 'passkey-depth',
      title: 'Passkey retrieval by length and depth',
      description: 'Share of keys found, by length of the prompt and depth of the key.',
      x: { label: 'Length (tokens)', categories: ['512', '1k', '2k', '4k', '8k', '16k'] },
      y: { label: 'Depth of the key', categories: ['0 – 20 %', '20 – 40 %', '40 – 60 %', '60 – 80 %', '80 – 100 %'] },
      value: { label: 'Keys found', scale: 'linear', percent: true, domain: [0, 1] },
      series: models.slice(0, 2).map((name, i) => ({
        name,
        cells: Array.from({ length: 5 }, (_, row) =>
          lengths.map((_, column) =>
            i === 0 && column === 5
              ? null
              : i === 0
                ? Math.max(0, 1 - 0.45 * column)
                : Math.max(0, 1 - 0.04 * row * column)
          )
        )
      }))
    },
    {
      kind: 'bar',
      id: 'benchmarks',
      title: 'Benchmarks at short length',
      description: 'Scores of multiple-choice benchmarks, with 95 % intervals.',
      x: {
        label: 'Benchmark',
        categories: [
          'boolq/acc',
          'piqa/acc',
          'piqa/acc_norm',
          'winogrande/acc',
          'arc_challenge/acc',
          'arc_challenge/acc_norm',
          'hellaswag/acc',
          'hellaswag/acc_norm'
        ]
      },
      y: { label: 'Score (higher is better)', scale: 'linear', percent: true, domain: [0, 1] },
      series: models.map((name, i) => ({
        name,
        values: [0.7, 0.77, 0.78, 0.68, 0.43, 0.46, 0.57, 0.75].map(value => value - 0.012 * i),
        intervals: [0.7, 0.77, 0.78, 0.68, 0.43, 0.46, 0.57, 0.75].map(
          value => [value - 0.03 - 0.012 * i, value + 0.03 - 0.012 * i] as const
        )
      }))
    },
    {
      kind: 'bar',
      id: 'memory',
      title: 'Peak memory of training',
      description: 'Peak memory by window.',
      x: { label: 'Window', categories: ['512', '8192'] },
      y: { label: 'Peak memory (MB)', scale: 'linear' },
      series: [{ name: 'PoSE', values: [900, 910] }]
    },
    {
      id: 'loss',
      title: 'Training loss',
      description: 'The loss falls from 4.1 to 1.9.',
      x: { label: 'Step', scale: 'linear' },
      y: { label: 'Loss (nats per token)', scale: 'linear' },
      series: [
        {
          name: 'loss',
          points: Array.from(
            { length: 200 },
            (_, step) => [step + 1, 1.9 + 2.2 * Math.exp(-step / 40) + 0.05 * Math.sin(step)] as const
          )
        }
      ]
    }
  ],
  tables: [
    {
      title: 'By length',
      headers: [
        'length',
        '× window',
        ...['perplexity', 'passkey', 'topics'].flatMap(metric => models.map(model => `${metric}, ${model}`))
      ],
      rows: lengths.map((length, i) => [
        length,
        `${2 ** i}×`,
        ...Array.from({ length: 9 }, (_, j) =>
          j < 3 ? 8.123 + i * j : `${(100 - 7.5 * i * ((j % 3) + 0.1)).toFixed(1)} %`
        )
      ])
    }
  ],
  metadata: {
    window: 512,
    'target window': 8192,
    interpolation: 'yarn',
    'data digest': 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
    seed: 0
  },
  recipe: 'model: ./tiny-llama\nwindow: { original: 512, target: 8192 }\ninterpolation: { yarn: {} }\n'
}
