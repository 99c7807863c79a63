import { writePiecesAtomic } from '@skipwise/checkpoints'
import { letEventsIn, SkipwiseError, type ProgressListener, type TrainingExample } from '@skipwise/core'
import { ByteWriter, ParquetWriter, type ParquetWriteOptions } from 'hyparquet-writer'
import { createHash } from 'node:crypto'
import { join } from 'node:path'

/** A file of examples. */
export interface ExampleFile {
  readonly name: string
  readonly rows: number
  /** In hex. */
  readonly sha256: string
}

/** Rows to write. */
export interface ExamplesToWrite {
  /** Row `index` of the run. */
  readonly example: (index: number) => TrainingExample
  readonly rows: number
  /** T: tokens of a row. */
  readonly length: number
  /** Tokens of a row group: what is in memory at once, as lists of numbers. Default 262,144. */
  readonly groupTokens?: number | undefined
  /** Files that an earlier process has written, the first of all. Default none. */
  readonly done?: readonly ExampleFile[] | undefined
  /** Called after every file with all that are done. */
  readonly onFile?: ((files: readonly ExampleFile[]) => Promise<void>) | undefined
  readonly progress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
}

const GROUP_TOKENS = 2 ** 18
/** Row groups of a file. */
const FILE_GROUPS = 64

/** What a label that does not count is in the files, as PyTorch has it. */
const IGNORED = -100

const COLUMNS = ['input_ids', 'position_ids', 'labels'] as const

/** Lists of 32-bit integers, none of them null. */
const schema: NonNullable<ParquetWriteOptions['schema']> = [
  { name: 'schema', num_children: COLUMNS.length },
  ...COLUMNS.flatMap(name => [
    {
      name,
      repetition_type: 'REQUIRED' as const,
      num_children: 1,
      converted_type: 'LIST' as const,
      logical_type: { type: 'LIST' as const }
    },
    { name: 'list', repetition_type: 'REPEATED' as const, num_children: 1 },
    { name: 'element', type: 'INT32' as const, repetition_type: 'REQUIRED' as const }
  ])
]

/**
 * Writes the examples of a run in their order as Parquet files `examples-00000-of-000NN.parquet`: lists `input_ids`,
 * `position_ids` and `labels` of T int32. A label that does not count is −100, and so is the first of a row, which
 * nothing predicts. One row group is in memory at a time; each file appears whole or not at all.
 *
 * @returns the files in the order of their rows
 * @throws SkipwiseError `CLUSTER_EXAMPLE`, and what making and writing examples throws; `signal.reason` when aborted
 */
export async function writeExamples(folder: string, given: ExamplesToWrite): Promise<readonly ExampleFile[]> {
  const { rows, length, groupTokens = GROUP_TOKENS, done = [], onFile, progress } = given
  const group = Math.max(1, Math.floor(groupTokens / length))
  const perFile = group * FILE_GROUPS
  const count = Math.ceil(rows / perFile)
  const files = [...done]
  for (let file = files.length; file < count; file++) {
    const from = file * perFile
    const to = Math.min(rows, from + perFile)
    const name = `examples-${padded(file)}-of-${padded(count)}.parquet`
    const hash = createHash('sha256')
    const pieces = async function* () {
      for await (const piece of parquetPieces(given, from, to, group)) {
        hash.update(piece)
        yield piece
      }
    }
    await writePiecesAtomic(join(folder, name), pieces())
    files.push({ name, rows: to - from, sha256: hash.digest('hex') })
    await onFile?.(files)
  }
  progress?.({ task: 'write examples', done: rows, total: rows, unit: 'rows' })
  return files
}

const padded = (file: number) => String(file).padStart(5, '0')

/** The bytes of a file with the rows [from, to). */
async function* parquetPieces(
  { example, rows, progress, signal }: ExamplesToWrite,
  from: number,
  to: number,
  group: number
): AsyncGenerator<Uint8Array> {
  const writer = new ByteWriter()
  const file = new ParquetWriter({ writer, schema, codec: 'UNCOMPRESSED', statistics: false, createdBy: 'skipwise' })
  const written = () => {
    const piece = new Uint8Array(writer.buffer, 0, writer.index)
    writer.index = 0
    return piece
  }
  for (let begin = from; begin < to; begin += group) {
    const columns: Record<(typeof COLUMNS)[number], number[][]> = { input_ids: [], position_ids: [], labels: [] }
    for (let row = begin; row < Math.min(to, begin + group); row++) {
      await letEventsIn(signal)
      const made = example(row)
      columns.input_ids.push(Array.from(made.ids))
      columns.position_ids.push(Array.from(made.positionIds))
      columns.labels.push(labelsOf(made, row))
    }
    // differences of neighbours: a third of the size, and every reader knows them
    const columnData = COLUMNS.map(name => ({
      name,
      data: columns[name],
      encoding: 'DELTA_BINARY_PACKED' as const,
      statistics: false
    }))
    await file.write({ rowGroupSize: group, columnData })
    yield written()
    progress?.({ task: 'write examples', done: Math.min(to, begin + group), total: rows, unit: 'rows' })
  }
  await file.finish()
  yield written()
}

function labelsOf({ ids, labelMask, documentIds }: TrainingExample, row: number): number[] {
  const wrong = labelMask.findIndex(weight => weight > 1)
  if (wrong >= 0 || documentIds)
    throw new SkipwiseError('CLUSTER_EXAMPLE', {
      problem: documentIds
        ? `row ${row} has several documents`
        : `the label of token ${wrong} of row ${row} counts ${labelMask[wrong]} times`,
      fix: 'use a position transform whose labels count once, and no pack'
    })
  return Array.from(ids, (id, t) => (t > 0 && labelMask[t] === 1 ? id : IGNORED))
}
