import { expect, test } from 'vitest'
import { letEventsIn } from './event-loop.js'

const busy = (milliseconds: number) => {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

test('a timer fires between two pieces of work that do not wait', async () => {
  const controller = new AbortController()
  setTimeout(() => controller.abort(new Error('stopped')), 0)
  let pieces = 0
  const work = async () => {
    for (; pieces < 1000; pieces++) {
      busy(5)
      await letEventsIn(controller.signal)
    }
  }
  await expect(work()).rejects.toThrow('stopped')
  expect(pieces).toBeLessThan(20)
})

test('without a signal it only waits', async () => {
  await expect(letEventsIn()).resolves.toBeUndefined()
})
