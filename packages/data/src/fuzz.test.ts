// SKIPWISE_FUZZ_RUNS=100000 npx vitest run src/fuzz.test.ts
import { fuzzReader } from '@skipwise/testing'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderOf } from '../test/helpers.js'
import {
  emptyRun,
  endlessBlocks,
  longPrefix,
  longRun,
  missingSize,
  negativeChildren,
  nullPages,
  tinyBlocks,
  windowInSecondFrame,
  zstdFrame
} from '../test/hostile.js'
import { readDocuments } from './documents.js'

const goldenFile = (name: string) => new Uint8Array(readFileSync(join(import.meta.dirname, '../test/golden', name)))

/**
 * Reads a mutated file as documents, and holds it to most bytes of array buffers at a time: the harness allows a
 * multiple of its size.
 */
const reading = async (name: string, most: number) => {
  const folder = await folderOf({})
  return async function* (mutated: Uint8Array) {
    // no multiple of nothing is enough for a stream
    if (!mutated.length) return
    await writeFile(join(folder, name), mutated)
    const before = process.memoryUsage().arrayBuffers
    for await (const { text } of readDocuments([name], { baseFolder: folder })) {
      const taken = process.memoryUsage().arrayBuffers - before
      if (taken > most) throw new Error(`${taken} bytes were taken, more than ${most}`)
      yield text
    }
  }
}

/** Prints what was seen when more than a test's usual share was asked for. */
const report = (what: string, seen: object) => {
  if (process.env['SKIPWISE_FUZZ_RUNS']) process.stderr.write(`${what}: ${JSON.stringify(seen)}\n`)
}

test('mutated zstd files', { timeout: 0 }, async () => {
  const packed = goldenFile('lines.jsonl.zst')
  const lines = zstdFrame(Buffer.from('{"text": "word"}\n'))
  // of hostile files those that are taken when one number is put right
  const files = [
    packed,
    Buffer.concat([packed, lines, lines]),
    windowInSecondFrame(2 ** 20),
    windowInSecondFrame(64, true),
    tinyBlocks(40, 2 ** 12)
  ]
  const read = await reading('mutated.jsonl.zst', 2 ** 28)
  const seen = await fuzzReader({ files, read, allocationFactor: 2 ** 28 })
  report('zstd', seen)
  expect(seen.refused['DATA_FILE_INVALID']).toBeGreaterThan(0)
})

test('mutated Parquet files', { timeout: 0 }, async () => {
  const columnData = [{ name: 'text', data: ['one', null, 'three', ''], type: 'STRING' as const }]
  const written = new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 2 }))
  const names = ['plain', 'snappy', 'zstd-v2', 'gzip-delta', 'brotli'].map(name => `${name}.parquet`)
  const hostile = [nullPages(30), longRun(), emptyRun(), longPrefix()]
  hostile.push(missingSize(), endlessBlocks(), negativeChildren())
  const read = await reading('mutated.parquet', 2 ** 29)
  const seen = await fuzzReader({
    files: [...names.map(goldenFile), written, ...hostile],
    read,
    allocationFactor: 2 ** 28
  })
  report('Parquet', seen)
  expect(seen.refused['DATA_FILE_INVALID']).toBeGreaterThan(0)
})

test('mutated JSON arrays', { timeout: 0 }, async () => {
  const array = Buffer.from(
    '[{"text": "a \\" ] , \\\\"}, {"text": "b", "n": [1.0, {"x": []}, null]},\n {"text": "é"}]\n'
  )
  const read = await reading('mutated.json', 2 ** 24)
  const seen = await fuzzReader({ files: [array], read, allocationFactor: 2 ** 24 })
  report('JSON', seen)
  expect(seen.refused['DATA_LINE_INVALID']).toBeGreaterThan(0)
})
