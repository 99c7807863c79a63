import { expect, test, vi } from 'vitest'
import { createWatch } from './watch.js'

function run(isTTY: boolean) {
  vi.useFakeTimers({ toFake: ['performance'] })
  const write = vi.fn<(text: string) => boolean>()
  const otherwise = vi.fn()
  const listener = createWatch({ isTTY, write, columns: 90 } as unknown as NodeJS.WriteStream, otherwise)
  listener({ task: 'tokenize', done: 1, total: 2, unit: 'files' })
  for (let step = 1; step <= 200; step++) {
    listener({
      task: 'train',
      done: step,
      total: 200,
      unit: 'steps',
      metrics: { loss: 4 - step / 100, ...(step === 100 && { validation: 12.5 }) }
    })
    if (step === 150) listener({ task: 'step 150: passkey', done: 3, total: 10, unit: 'trials' })
    vi.advanceTimersByTime(100)
  }
  listener({ task: 'final: perplexity', done: 1, total: 2, unit: 'windows' })
  vi.useRealTimers()
  return { drawn: write.mock.calls.map(([text]) => text), otherwise }
}

test('draws the loss in place, over what was drawn before, and ends with a line', () => {
  const { drawn, otherwise } = run(true)
  expect(drawn.length).toBeGreaterThan(60)
  expect(drawn.length).toBeLessThan(80)
  for (let i = 1; i < drawn.length; i++) {
    const lines = drawn[i - 1].split('\n').length
    expect(drawn[i].startsWith(lines > 1 ? `\r\u001b[${lines - 1}A\u001b[J` : '\r\u001b[J'), `drawing ${i}`).toBe(true)
  }
  const last = drawn[drawn.length - 1]
  expect(last).toContain('Training loss; validation 12.50')
  expect(last).toContain('●')
  expect(last).toMatch(/train 200\/200 steps · loss 2\.000 .*taken\n$/)
  expect(Math.max(...last.split('\n').map(line => line.length))).toBeLessThan(92)
  // what is before and after training is shown as ever
  expect(otherwise.mock.calls.map(([{ task }]: { task: string }[]) => task)).toEqual(['tokenize', 'final: perplexity'])
})

test('where there is no terminal, everything is shown as ever', () => {
  const { drawn, otherwise } = run(false)
  expect(drawn).toEqual([])
  expect(otherwise).toHaveBeenCalledTimes(203)
})
