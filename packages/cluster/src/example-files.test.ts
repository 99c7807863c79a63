import { parquetMetadataAsync, parquetReadObjects, asyncBufferFromFile } from 'hyparquet'
import type { TrainingExample } from '@skipwise/core'
import { digestOfFile } from '@skipwise/checkpoints'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { writeExamples, type ExampleFile } from './example-files.js'

const root = await mkdtemp(join(tmpdir(), 'skipwise-examples-'))
afterAll(() => rm(root, { recursive: true, force: true }))

const short = (index: number): TrainingExample => ({
  ids: Int32Array.of(index, 5, 6, 7),
  positionIds: Int32Array.of(0, 1, 90, 2 ** 30),
  labelMask: Uint8Array.of(1, 1, 0, 1)
})

async function rowsOf(file: string) {
  const objects = await parquetReadObjects({ file: await asyncBufferFromFile(file) })
  return objects as { input_ids: number[]; position_ids: number[]; labels: number[] }[]
}

test('rows in their order, the first label ignored', async () => {
  const [file] = await writeExamples(root, { example: short, rows: 3, length: 4 })
  expect(file).toMatchObject({ name: 'examples-00000-of-00001.parquet', rows: 3 })
  expect(await digestOfFile(join(root, file.name))).toBe(file.sha256)
  expect(await rowsOf(join(root, file.name))).toEqual(
    [0, 1, 2].map(row => ({
      input_ids: [row, 5, 6, 7],
      position_ids: [0, 1, 90, 2 ** 30],
      labels: [-100, 5, -100, 7]
    }))
  )
})

test('several files of several row groups; a process that ended goes on after its last file, to the same bytes', async () => {
  const whole = await mkdtemp(join(root, 'whole-'))
  const again = await mkdtemp(join(root, 'again-'))
  // a row in a row group, 64 in a file
  const plan = { rows: 67, length: 4, groupTokens: 4 }
  const files = await writeExamples(whole, { ...plan, example: short })
  expect(files.map(({ name, rows }) => [name, rows])).toEqual([
    ['examples-00000-of-00002.parquet', 64],
    ['examples-00001-of-00002.parquet', 3]
  ])
  const metadata = await parquetMetadataAsync(await asyncBufferFromFile(join(whole, files[0].name)))
  expect(metadata.row_groups).toHaveLength(64)
  expect((await rowsOf(join(whole, files[1].name))).map(row => row.input_ids[0])).toEqual([64, 65, 66])

  const kept: ExampleFile[] = []
  const stopped = new AbortController()
  const begun = writeExamples(again, {
    example: index => {
      if (index === 65) stopped.abort()
      return short(index)
    },
    ...plan,
    onFile: async done => void kept.splice(0, kept.length, ...done),
    signal: stopped.signal
  })
  await expect(begun).rejects.toMatchObject({ name: 'AbortError' })
  expect(await readdir(again)).toEqual([files[0].name])
  const asked: number[] = []
  const resumed = await writeExamples(again, {
    example: index => {
      asked.push(index)
      return short(index)
    },
    ...plan,
    done: kept
  })
  expect(Math.min(...asked)).toBe(64)
  expect(resumed).toEqual(files)
  const bytes = (folder: string) => readFile(join(folder, files[1].name))
  expect(Buffer.compare(await bytes(whole), await bytes(again))).toBe(0)
})

test('what the files cannot say is refused, and no file is left', async () => {
  const folder = await mkdtemp(join(root, 'refused-'))
  const weighted = { ...short(0), labelMask: Uint8Array.of(1, 1, 3, 1) }
  const packed = { ...short(0), documentIds: Int32Array.of(0, 0, 1, 1) }
  for (const example of [weighted, packed])
    await expect(writeExamples(folder, { example: () => example, rows: 1, length: 4 })).rejects.toMatchObject({
      code: 'CLUSTER_EXAMPLE'
    })
  expect(await readdir(folder)).toEqual([])
})
