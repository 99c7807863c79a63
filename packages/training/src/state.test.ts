import { fc, test } from '@fast-check/vitest'
import { writeSafetensors } from '@skipwise/checkpoints'
import { isSkipwiseError, randomStream } from '@skipwise/core'
import type { ParameterSpec } from '@skipwise/nn'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { loadState, removeState, saveState, stateTensors, type TrainingState } from './state.js'

const trained: readonly ParameterSpec[] = [
  { name: 'matrix', shape: [3, 2], initializer: 'normal' },
  { name: 'bias', shape: [3], initializer: 'zeros' }
]
const specs = stateTensors(trained)
const random = randomStream({ seed: 0, stream: 'state' })
const state: TrainingState = {
  step: 3,
  strategy: 'blockwise',
  tensors: new Map(
    stateTensors(trained).map(({ name, shape }) => [
      name,
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal())
    ])
  ),
  losses: [3.25, 2.5, 2.125],
  gradientNorms: [1.5, 0.75, 8],
  skipped: 1,
  skippedInRow: 1,
  scores: [{ step: 2, score: 4.125 }]
}

let folder: string, file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skipwise-state-'))
  file = join(folder, 'state.safetensors')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const codeOfLoading = () =>
  loadState(folder, 'key', specs).then(
    () => undefined,
    (error: unknown) => (isSkipwiseError(error) ? error.code : error)
  )

describe('the state of a run', () => {
  test('comes back to the bit', async () => {
    await saveState(folder, 'key', specs, state)
    expect(await loadState(folder, 'key', specs)).toEqual(state)
  })

  test('replaces the one before, and is gone when removed', async () => {
    await saveState(folder, 'key', specs, { ...state, step: 1, losses: [3.25], gradientNorms: [1.5] })
    await saveState(folder, 'key', specs, state)
    expect((await loadState(folder, 'key', specs))?.step).toBe(3)
    await removeState(folder)
    await removeState(folder)
    expect(await loadState(folder, 'key', specs)).toBeUndefined()
  })

  test('is not there in a new folder', async () => {
    expect(await loadState(join(folder, 'new'), 'key', specs)).toBeUndefined()
    await saveState(join(folder, 'new'), 'key', specs, state)
    expect(await loadState(join(folder, 'new'), 'key', specs)).toEqual(state)
  })

  test('of another run is refused', async () => {
    await saveState(folder, 'other', specs, state)
    expect(await codeOfLoading()).toBe('TRAINING_STATE')
  })
})

describe('a damaged state', () => {
  const write = (
    changes: { shape?: readonly number[]; step?: string; without?: string; norms?: number; history?: string } = {}
  ) =>
    writeSafetensors(
      file,
      [...specs, { name: 'losses', shape: [3] }, { name: 'gradientNorms', shape: [changes.norms ?? 3] }]
        .filter(({ name }) => name !== changes.without)
        .map(({ name, shape: usual }) => {
          const shape = name === 'mean:matrix' ? (changes.shape ?? usual) : usual
          return { name, shape, data: new Float32Array(shape.reduce((a, b) => a * b)) }
        }),
      {
        metadata: {
          runKey: 'key',
          history: changes.history ?? '{"skipped":0,"skippedInRow":0,"scores":[]}',
          ...('step' in changes ? { step: changes.step as string } : { step: '3' })
        },
        sealed: true
      }
    )

  test('is what the cases below change', async () => {
    await write()
    expect(await codeOfLoading()).toBeUndefined()
  })

  test.each([
    ['a tensor of another shape', { shape: [2, 3] }, 'TRAINING_STATE'],
    ['a tensor of another size', { shape: [3, 3] }, 'TRAINING_STATE'],
    ['a tensor missing', { without: 'variance:bias' }, 'TRAINING_STATE'],
    ['a step that is no number', { step: 'three' }, 'TRAINING_STATE'],
    ['a step without its losses', { step: '4' }, 'TRAINING_STATE'],
    ['a step without its gradient norms', { norms: 2 }, 'TRAINING_STATE'],
    ['a history that is no JSON', { history: '{' }, 'TRAINING_STATE'],
    ['a history of other things', { history: '{"skipped":-1,"skippedInRow":0,"scores":[]}' }, 'TRAINING_STATE'],
    [
      'a score that is no number',
      { history: '{"skipped":0,"skippedInRow":0,"scores":[{"step":1,"score":"2"}]}' },
      'TRAINING_STATE'
    ],
    ['a negative step', { step: '-1' }, 'TRAINING_STATE']
  ])('with %s is refused', async (_, changes, code) => {
    await write(changes)
    expect(await codeOfLoading()).toBe(code)
  })

  test.prop([fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })], { numRuns: 30 })(
    'cut anywhere is refused with a code',
    async part => {
      await saveState(folder, 'key', specs, state)
      const bytes = await readFile(file)
      await writeFile(file, bytes.subarray(0, Math.floor(part * bytes.length)))
      expect(await codeOfLoading()).toBe('TRAINING_STATE')
    }
  )

  test.prop([fc.nat(), fc.integer({ min: 1, max: 255 })], { numRuns: 200 })(
    'with any byte changed is said, with what to remove',
    async (place, change) => {
      await saveState(folder, 'key', specs, state)
      const bytes = await readFile(file)
      bytes[place % bytes.length] ^= change
      await writeFile(file, bytes)
      const loading = loadState(folder, 'key', specs)
      await expect(loading).rejects.toThrow(/^TRAINING_STATE: /)
      await expect(loading).rejects.toThrow(`${file} is damaged`)
      await expect(loading).rejects.toThrow(`remove ${folder} and run the same command again`)
    }
  )

  test('without a digest is refused', async () => {
    await writeSafetensors(
      file,
      specs.map(({ name, shape }) => ({ name, shape, data: new Float32Array(shape.reduce((a, b) => a * b)) })),
      { metadata: { runKey: 'key', step: '0' } }
    )
    expect(await codeOfLoading()).toBe('TRAINING_STATE')
  })
})
