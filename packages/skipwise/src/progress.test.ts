import { describe as suite, expect, test, vi } from 'vitest'
import { clock, createProgress, describe, type ProgressStream } from './progress.js'

suite('progress', () => {
  test('names rate, figures and time left', () => {
    const event = {
      task: 'train',
      done: 100,
      total: 400,
      unit: 'steps',
      metrics: { loss: 2.3125, tokensPerSecond: 12_400, peakMemoryMB: 420.4 }
    }
    expect(describe(event, 20, 100)).toBe('train 100/400 steps · loss 2.313 · 12.4k tokens/s · 420 MB · 1:00 left')
    expect(describe({ ...event, done: 1, metrics: { loss: 9.5, firstStepSeconds: 12.34 } }, 0, 0)).toBe(
      'train 1/400 steps · loss 9.500 · first step 12.3 s'
    )
    expect(describe({ task: 'passkey', done: 20, total: 20, unit: 'trials' }, 61, 20)).toBe(
      'passkey 20/20 trials · 0.328 trials/s · 1:01 taken'
    )
  })

  test('a resumed task counts its time from where it went on', () => {
    // 10 steps in 10 s here, 90 to go
    expect(describe({ task: 'train', done: 110, total: 200, unit: 'steps' }, 10, 10)).toContain('1:30 left')
  })

  const play = (
    stream: Omit<ProgressStream, 'write'>,
    events: readonly (readonly [task: string, done: number, total: number, at: number])[]
  ) => {
    let written = ''
    const now = vi.spyOn(performance, 'now')
    const { listener, end } = createProgress({ write: (text: string) => (written += text), ...stream })
    for (const [task, done, total, at] of events) {
      now.mockReturnValue(1e6 + at * 1000)
      listener({ task, done, total, unit: 'steps' })
    }
    end()
    now.mockRestore()
    return written
  }

  test('one updating line on a terminal, which stays when its task ends or another begins', () => {
    const written = play({ isTTY: true, columns: 200 }, [
      ['a', 1, 2, 0],
      ['a', 2, 2, 1],
      ['b', 1, 9, 2],
      ['b', 7, 9, 2.01],
      ['c', 0, 5, 3]
    ])
    expect(written.split('\n').map(line => line.split('\r\u001b[K').pop())).toEqual([
      'a 2/2 steps · 1.00 steps/s · 0:01 taken',
      expect.stringMatching(/^b 7\/9 steps/),
      'c 0/5 steps',
      ''
    ])
  })

  test('elsewhere at most a line every ten seconds, and at the end the last', () => {
    const short = Array.from({ length: 400 }, (_, i) => [`file ${i}`, 1, 1, i / 100] as const)
    expect(play({}, short)).toBe('file 399 1/1 steps · 0:00 taken\n')
    const long = Array.from({ length: 601 }, (_, i) => ['train', i, 600, i / 10] as const)
    const lines = play({}, [...long, ['after', 0, 3, 60.5], ['after', 1, 3, 70.5], ['after', 2, 3, 71]])
      .trim()
      .split('\n')
    expect(lines.map(line => line.split(' · ')[0])).toEqual([
      'train 100/600 steps',
      'train 200/600 steps',
      'train 300/600 steps',
      'train 400/600 steps',
      'train 500/600 steps',
      'train 600/600 steps',
      'after 1/3 steps',
      'after 2/3 steps'
    ])
  })

  test('the time left survives a narrow terminal', () => {
    const event = {
      task: 'extended: perplexity of a long name',
      done: 100,
      total: 40_000,
      unit: 'documents',
      metrics: { loss: 2.3125, tokensPerSecond: 12_400, peakMemoryMB: 420.4, gradientNorm: 1 }
    }
    for (const columns of [60, 50, 40, 30]) {
      const text = describe(event, 20, 100, columns)
      expect(text.length).toBeLessThan(columns)
      expect(text).toMatch(/ · 2:13:00 left$/)
    }
  })

  test('clock', () => expect([0, 59.6, 3661].map(clock)).toEqual(['0:00', '1:00', '1:01:01']))
})
