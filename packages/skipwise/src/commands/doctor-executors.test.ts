import { expect, test } from 'vitest'
import { doctorExecutors } from './doctor-executors.js'

/** A terminal that keeps what is said. */
function keep(json: boolean) {
  const lines: string[] = []
  const results: unknown[] = []
  return {
    lines,
    results,
    terminal: {
      json,
      progress: () => {},
      note: () => {},
      signal: new AbortController().signal,
      say: (text = '') => void lines.push(text),
      result: (value: unknown) => void results.push(value)
    }
  }
}

test('says of every executor whether it can run, on what, or why not and what to do', async () => {
  const { terminal, results } = keep(true)
  expect(await doctorExecutors(terminal, { verbose: true })).toBe(0)
  const { executors, memory } = results[0] as {
    executors: { executor: string; usable: boolean; device?: string; reason?: string; precision: string }[]
    memory: { totalMB: number }
  }
  expect(executors.map(({ executor }) => executor)).toEqual([
    'onnx',
    'onnx:webgpu',
    'onnx:cuda',
    'tensorflow',
    'tensorflow:bfloat16',
    'tfjs:wasm',
    'tfjs:cpu',
    'tfjs:tensorflow'
  ])
  for (const { usable, device, reason } of executors) expect(usable ? device : reason).toMatch(/\w/)
  expect(executors[0]).toMatchObject({
    usable: true,
    device: expect.stringContaining('cpu') as string,
    precision: 'float32'
  })
  expect(memory.totalMB).toBeGreaterThan(0)
})

test('one line each for people', async () => {
  const { terminal, lines } = keep(false)
  await doctorExecutors(terminal, { verbose: true })
  expect(lines.filter(line => /^(\S*yes|\S*no)/.test(line))).toHaveLength(8)
})
