import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
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
  windowInSecondFrame
} from '../test/hostile.js'

/** A new process, which alone knows its memory: most of the heap (MB), and seconds until it is ended. */
const HEAP = 200
const SECONDS = 60

interface Outcome {
  readonly documents: number
  readonly problem?: string
  /** Most memory of the process. */
  readonly megabytes: number
}

/** Reads the files of a folder one after another in one process. */
async function readLimited(folder: string, names: readonly string[], heap = HEAP): Promise<readonly Outcome[]> {
  const test = join(import.meta.dirname, '../test')
  const loader = ['--conditions=@skipwise/source', '--no-warnings', '--import', '@skipwise/config/typescript-loader']
  const args = [`--max-old-space-size=${heap}`, ...loader, join(test, 'read-limited.ts'), folder, ...names]
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    timeout: SECONDS * 1000,
    killSignal: 'SIGKILL'
  })
  const outcomes: readonly Outcome[] = JSON.parse(stdout)
  return outcomes
}

const hostile = [
  // a frame behind the first that asks for 2 GiB; one of a single segment of 3 GiB
  ['window.jsonl.zst', windowInSecondFrame(2 ** 31), /window\.jsonl\.zst is damaged .*window/],
  ['segment.jsonl.zst', windowInSecondFrame(3 * 2 ** 30, true), /segment\.jsonl\.zst is damaged .*window/],
  // a million empty blocks in a window of 128 MiB
  ['blocks.txt.zst', tinyBlocks(1_000_000), /blocks\.txt\.zst is damaged .*small blocks/],
  // pages of 4 billion nulls, and of 100 million in a group that claims two rows
  ['nulls.parquet', nullPages(4_000_000_000), /nulls\.parquet:1 begins a row group .*4000000000 rows/],
  ['rows.parquet', nullPages(100_000_000, 2), /rows\.parquet:1 begins a row group .*100000000 values/]
] as const

describe('files that unpack to more than they are', () => {
  test('are refused in little memory and time, by their place', { timeout: 2 * SECONDS * 1000 }, async () => {
    const folder = await folderOf(Object.fromEntries(hostile))
    const outcomes = await readLimited(
      folder,
      hostile.map(([name]) => name)
    )
    hostile.forEach(([, , problem], i) => expect(outcomes[i].problem).toMatch(problem))
    expect(outcomes[hostile.length - 1].megabytes).toBeLessThan(HEAP + 200)
  })

  test('runs in a page of Parquet end with its values', { timeout: 2 * SECONDS * 1000 }, async () => {
    const files = { 'run.parquet': longRun(), 'empty.parquet': emptyRun(), 'prefix.parquet': longPrefix() }
    const [run, empty, prefix] = await readLimited(await folderOf(files), Object.keys(files))
    // nulls are not documents
    expect(run).toMatchObject({ documents: 0, problem: expect.stringContaining('run.parquet:1') })
    expect(empty.problem).toContain('empty.parquet')
    expect(prefix.problem).toMatch(/prefix\.parquet .*delta prefix out of range/)
    expect(prefix.megabytes).toBeLessThan(HEAP + 200)
  })

  test('Parquet files that would be read without end are refused', { timeout: 2 * SECONDS * 1000 }, async () => {
    const files = {
      'size.parquet': missingSize(),
      'blocks.parquet': endlessBlocks(),
      'children.parquet': negativeChildren()
    }
    const [size, blocks, children] = await readLimited(await folderOf(files), Object.keys(files))
    expect(size.problem).toMatch(/size\.parquet:1 begins a row group .*page header is damaged/)
    expect(blocks.problem).toMatch(/blocks\.parquet .*delta block size out of range/)
    expect(children).toMatchObject({ documents: 0 })
  })

  test('of one long line take the memory of one document', { timeout: 2 * SECONDS * 1000 }, async () => {
    const packed = [gzipSync('{"text": "short"}\n'), gzipSync('x'.repeat(2 ** 28)), gzipSync('x')]
    const [outcome] = await readLimited(await folderOf({ 'a.jsonl.gz': Buffer.concat(packed) }), ['a.jsonl.gz'], 600)
    expect(outcome.problem).toMatch(/a\.jsonl\.gz:2 has more than 268435456 characters in one line/)
    expect(outcome.documents).toBe(1)
    expect(outcome.megabytes).toBeLessThan(900)
  })

  const field = join(import.meta.dirname, '../../../../shared/field/hostile')
  test.skipIf(!existsSync(field))('are refused as those of the field', { timeout: 2 * SECONDS * 1000 }, async () => {
    const [zstd, parquet] = await readLimited(field, ['b.jsonl.zst', 'n.parquet'])
    expect(zstd.problem).toMatch(/b\.jsonl\.zst is damaged .*window/)
    expect(parquet.problem).toMatch(/n\.parquet:1 begins a row group/)
  })
})
