import { expect, test } from 'vitest'
import { digestOfWeights, readWeights } from './digest.js'

const tensors = new Map([
  ['c', Float32Array.of(1, -0, 3)],
  ['a', new Float32Array(0)],
  ['b', Float32Array.from({ length: 1000 }, (_, i) => i / 7)]
])
const read = (name: string) => Promise.resolve(tensors.get(name) as Float32Array)

test('weights that are hashed while they are read have the digest of those that are not', async () => {
  const seen: number[] = []
  const weights = await readWeights([...tensors.keys()], 4012, read, ({ done }) => seen.push(done))
  expect([...weights]).toEqual([...tensors])
  expect(seen).toEqual([4000, 4012])
  const passes: number[] = []
  const digest = await digestOfWeights(weights, ({ done }) => passes.push(done))
  expect(passes).toEqual([])
  expect(digest).toBe(await digestOfWeights(tensors, ({ done }) => passes.push(done)))
  expect(passes).toEqual([4000, 4012])
  expect(await digestOfWeights(new Map([...tensors, ['c', Float32Array.of(1, 0, 3)]]))).not.toBe(digest)
})

test('a tensor that cannot be read is said, and nothing after it is read', async () => {
  const asked: string[] = []
  const reading = readWeights(['d', 'c', 'b', 'a'], 0, async name => {
    asked.push(name)
    if (name === 'b') throw new Error('b is damaged')
    return read(name)
  })
  await expect(reading).rejects.toThrow('b is damaged')
  expect(asked).toEqual(['a', 'b'])
})
