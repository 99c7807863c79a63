import { describe as suite, expect, test, vi } from 'vitest'
import { clock, createProgress, describe } from './progress.js'

suite('progress', () => {
  test('names rate, figures and time left', () => {
    const event = { task: 'train', done: 100, total: 400, unit: 'steps', metrics: { loss: 2.3125, tokensPerSecond: 12_400, peakMemoryMB: 420.4 } }
    expect(describe(event, 20, 100)).toBe('train 100/400 steps · loss 2.313 · 12.4k tokens/s · 420 MB · 1:00 left')
    expect(describe({ ...event, done: 1, metrics: { loss: 9.5, firstStepSeconds: 12.34 } }, 0, 0)).toBe('train 1/400 steps · loss 9.500 · first step 12.3 s')
    expect(describe({ task: 'passkey', done: 20, total: 20, unit: 'trials' }, 61, 20)).toBe('passkey 20/20 trials · 0.328 trials/s · 1:01 taken')
  })

  test('a resumed task counts its time from where it went on', () => {
    // 10 steps in 10 s here, 90 to go
    expect(describe({ task: 'train', done: 110, total: 200, unit: 'steps' }, 10, 10)).toContain('1:30 left')
  })

  test('one updating line on a terminal, whole lines elsewhere', () => {
    for (const [isTTY, expected] of [[true, /^\r\u001b\[Ka 1\/2.*\r\u001b\[Ka 2\/2.*\n$/s], [false, /^a 2\/2[^\r\n]*\n$/]] as const) {
      const write = vi.fn(), { listener } = createProgress({ isTTY, write, columns: 200 } as unknown as NodeJS.WriteStream)
      listener({ task: 'a', done: 1, total: 2, unit: 'steps' })
      listener({ task: 'a', done: 2, total: 2, unit: 'steps' })
      expect(write.mock.calls.flat().join('')).toMatch(expected)
    }
  })

  test('clock', () => expect([0, 59.6, 3661].map(clock)).toEqual(['0:00', '1:00', '1:01:01']))
})
