import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { readRecords } from './index.js'

const folder = await mkdtemp(join(tmpdir(), 'records-'))
afterAll(() => rm(folder, { recursive: true }))
const read = async (pattern: string) => {
  const all: [unknown, string][] = []
  for await (const { record, source } of readRecords([pattern], { baseFolder: folder })) all.push([record, source])
  return all
}

test('reads JSONL, plain and packed, with the line of every record', async () => {
  const text = '{"a": 1}\n\n{"a": [2, "é"]}\n'
  const expected = (name: string) => [
    [{ a: 1 }, `${name}:1`],
    [{ a: [2, 'é'] }, `${name}:3`]
  ]
  await writeFile(join(folder, 'x.jsonl'), text)
  await writeFile(join(folder, 'y.jsonl.gz'), gzipSync(text))
  expect(await read('x.jsonl')).toEqual(expected('x.jsonl'))
  expect(await read('y.jsonl.gz')).toEqual(expected('y.jsonl.gz'))
})

const parquet = Buffer.from(
  parquetWriteBuffer({
    columnData: [
      { name: 'question', data: ['why', 'how é'], type: 'STRING' },
      { name: 'label', data: [1n, 0n], type: 'INT64' },
      { name: 'choices', data: [{ text: ['a', 'b'] }, { text: ['c'] }], type: 'JSON' }
    ],
    rowGroupSize: 1
  })
)

test('reads Parquet: row groups, strings, structures, 64-bit integers as numbers', async () => {
  await writeFile(join(folder, 'z.parquet'), parquet)
  expect(await read('z.parquet')).toEqual([
    [{ question: 'why', label: 1, choices: { text: ['a', 'b'] } }, 'z.parquet:1'],
    [{ question: 'how é', label: 0, choices: { text: ['c'] } }, 'z.parquet:2']
  ])
})

test('refuses damaged Parquet with a code, whatever is wrong', async () => {
  const file = join(folder, 'bad.parquet')
  for (let length = 0; length < parquet.length; length += 7) {
    await writeFile(file, parquet)
    await truncate(file, length)
    await expect(read('bad.parquet')).rejects.toThrow('DATA_FILE_INVALID')
  }
  const lying = Buffer.from(parquet)
  lying.writeUInt32LE(0xffffffff, lying.length - 8)
  await writeFile(file, lying)
  await expect(read('bad.parquet')).rejects.toThrow('footer')
})

test('refuses lines and files that hold no records', async () => {
  await writeFile(join(folder, 'list.jsonl'), '[1]')
  await expect(read('list.jsonl')).rejects.toThrow('DATA_LINE_INVALID')
  await writeFile(join(folder, 'note.txt'), 'text')
  await expect(read('note.txt')).rejects.toThrow('is not a file of records')
})
