import type { ProgressEvent } from '@skipwise/core'
import { fc, test } from '@fast-check/vitest'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { appendFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { collect, folderOf } from '../test/helpers.js'
import { readDocuments } from './documents.js'
import { matchFiles } from './glob.js'
import { arrayElements } from './json-array.js'

describe('matchFiles', () => {
  const tree = {
    'a.txt': '',
    'b.md': '',
    'x/a.txt': '',
    'x/y/a.txt': '',
    'x/y/b.jsonl': '',
    '.hidden.txt': '',
    '.git/a.txt': '',
    'q[1].txt': ''
  }
  it.for([
    [['*.txt'], ['a.txt', 'q[1].txt']],
    [['**/*.txt'], ['a.txt', 'q[1].txt', 'x/a.txt', 'x/y/a.txt']],
    [['**'], ['a.txt', 'b.md', 'q[1].txt', 'x/a.txt', 'x/y/a.txt', 'x/y/b.jsonl']],
    [['**/**/**/a.txt'], ['a.txt', 'x/a.txt', 'x/y/a.txt']],
    [['x/**/a.txt'], ['x/a.txt', 'x/y/a.txt']],
    [
      ['?.md', './x/*/b*l', 'b.md'],
      ['b.md', 'x/y/b.jsonl']
    ],
    [
      ['x/../a.txt', '.hidden.txt', 'q[1].txt'],
      ['.hidden.txt', 'a.txt', 'q[1].txt']
    ],
    [['*/a.txt'], ['x/a.txt']]
  ] as const)('%j gives %j', async ([patterns, expected]) => {
    const folder = await folderOf(tree)
    expect((await matchFiles(patterns, folder)).map(file => relative(folder, file))).toEqual(expected)
    const absolute = patterns.map(pattern => join(folder, pattern))
    expect(await matchFiles(absolute, '/')).toEqual(await matchFiles(patterns, folder))
  })

  it('names the patterns that match nothing', async () => {
    const folder = await folderOf(tree)
    await expect(matchFiles(['*.txt', '*.csv', 'x'], folder)).rejects.toThrow(/^DATA_NO_FILES.*'\*\.csv', 'x'/)
    await expect(matchFiles([], folder)).rejects.toThrow(/^DATA_NO_FILES/)
  })

  it('says what is named that is no file: reading it might never end', async () => {
    const folder = await folderOf({ 'corpus/a.txt': 'x' })
    execFileSync('mkfifo', [join(folder, 'pipe.jsonl')])
    await expect(matchFiles(['pipe.jsonl', 'corpus'], folder)).rejects.toThrow(
      /'pipe\.jsonl' \(not a file: a pipe.*'corpus' \(a folder: write corpus\/\*\*\)/
    )
    await expect(matchFiles(['/dev/zero'], folder)).rejects.toThrow(/'\/dev\/zero' \(not a file/)
    await expect(matchFiles(['*.jsonl'], folder)).rejects.toThrow(/^DATA_NO_FILES/)
  })

  it('ends in a circle of links', async () => {
    const folder = await folderOf({ 'x/a.txt': '' })
    await symlink('..', join(folder, 'x', 'up'))
    expect((await matchFiles(['**/*.txt'], folder)).length).toBe(1)
  })
})

// seq 4000 | sed 's/.*/{"text": "line & of 4000"}/' | zstd -5
const zstdLines = readFileSync(join(import.meta.dirname, '../test/golden/lines.jsonl.zst'))
const parquet = (column: string, data: readonly (string | null)[]) =>
  Buffer.from(
    parquetWriteBuffer({
      columnData: [
        { name: 'id', data: data.map((_, i) => i), type: 'INT32' },
        { name: column, data: [...data], type: 'STRING' }
      ],
      rowGroupSize: 2
    })
  )

describe('readDocuments', () => {
  it('reads what the zstd program packed', async () => {
    const folder = await folderOf({ 'a.jsonl.zst': Buffer.concat([zstdLines, zstdLines]) })
    const documents = await collect(readDocuments(['*'], { baseFolder: folder }))
    expect(documents.length).toBe(8000)
    expect([documents[0], documents[3999], documents[4000]]).toEqual([
      { text: 'line 1 of 4000', source: 'a.jsonl.zst:1' },
      { text: 'line 4000 of 4000', source: 'a.jsonl.zst:4000' },
      { text: 'line 1 of 4000', source: 'a.jsonl.zst:4001' }
    ])
  })

  it('reads a column of Parquet, over row groups', async () => {
    const folder = await folderOf({ 'a.parquet': parquet('text', ['one', 'two é', '\ufeffthree', '', 'five']) })
    const events: ProgressEvent[] = []
    const documents = await collect(
      readDocuments(['*.parquet'], { baseFolder: folder, progress: event => events.push(event) })
    )
    expect(documents.map(({ text, source }) => [text, source])).toEqual(
      ['one', 'two é', '\ufeffthree', '', 'five'].map((text, i) => [text, `a.parquet:${i + 1}`])
    )
    expect(events.at(-1)?.done).toBe(events.at(-1)?.total)
  })

  it('reads text and JSONL, plain and packed, sorted', async () => {
    const folder = await folderOf({
      'c.txt': '\ufeffwhole\nfile\n',
      'a.jsonl': '{"text": "one"}\r\n\n  \n{"text": "two\\n", "id": 2}',
      'd/b.jsonl.gz': Buffer.concat([gzipSync('{"text": "three"}\n{"te'), gzipSync('xt": ""}\n')]),
      'b.md.gz': gzipSync('packed')
    })
    const events: ProgressEvent[] = []
    const documents = await collect(
      readDocuments(['*', 'd/*'], { baseFolder: folder, progress: event => events.push(event) })
    )
    expect(documents).toEqual([
      { text: 'one', source: 'a.jsonl:1' },
      { text: 'two\n', source: 'a.jsonl:4' },
      { text: 'packed', source: 'b.md.gz' },
      { text: 'whole\nfile\n', source: 'c.txt' },
      { text: 'three', source: 'd/b.jsonl.gz:1' },
      { text: '', source: 'd/b.jsonl.gz:2' }
    ])
    const last = events.at(-1) as ProgressEvent
    expect([last.done, last.unit]).toEqual([last.total, 'bytes'])
    expect(events.every((event, i) => i === 0 || event.done >= events[i - 1].done)).toBe(true)
  })

  it('reads JSON under the names that it has: lines and arrays, packed, in any letter case', async () => {
    const rows = '{"text": "one"}\r\n{"text": "two"}\r\n'
    const array = '\ufeff [ {"text": "a ] , \\" \\\\"},\n {"text": "b", "n": [1, {"x": []}]} ]\n'
    const folder = await folderOf({
      'c4.00000-of-01024.json.gz': gzipSync(rows),
      'a.JSONL': rows,
      'b.NDJSON': rows,
      'd.json': array,
      'e.Json.GZ': gzipSync(array),
      'f.PARQUET': parquet('text', ['p']),
      'g.TXT.Gz': gzipSync('whole'),
      'h.json': '[]',
      'i.json': ' \n'
    })
    expect(
      (await collect(readDocuments(['*'], { baseFolder: folder }))).map(({ text, source }) => [source, text])
    ).toEqual([
      ['a.JSONL:1', 'one'],
      ['a.JSONL:2', 'two'],
      ['b.NDJSON:1', 'one'],
      ['b.NDJSON:2', 'two'],
      ['c4.00000-of-01024.json.gz:1', 'one'],
      ['c4.00000-of-01024.json.gz:2', 'two'],
      ['d.json:1', 'a ] , " \\'],
      ['d.json:2', 'b'],
      ['e.Json.GZ:1', 'a ] , " \\'],
      ['e.Json.GZ:2', 'b'],
      ['f.PARQUET:1', 'p'],
      ['g.TXT.Gz', 'whole']
    ])
  })

  test.prop(
    [
      fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(0, 2)
    ],
    { numRuns: 200 }
  )('an array is cut as JSON has it, wherever its pieces end', async (records, size, indent) => {
    const json = JSON.stringify(records, null, indent)
    async function* pieces() {
      for (let at = 0; at < json.length; at += size) yield json.slice(at, at + size)
    }
    const elements = await collect(arrayElements('a.json', pieces()))
    expect(elements.map(([element, number]) => [JSON.parse(element), number])).toEqual(
      records.map((record, i) => [JSON.parse(JSON.stringify(record)), i + 1])
    )
  })

  it('takes texts that begin with brackets for texts', async () => {
    const texts = {
      'a.txt': '[Illustration]\n',
      'b.md': '[![Build](x)](y)',
      'c.txt': '{\n"not": json }',
      'd.tex': '{"a"}',
      'e.rst': '[1] a note',
      f: '{x: y}',
      'g.txt': ''
    }
    expect(
      (await collect(readDocuments(['*'], { baseFolder: await folderOf(texts) }))).map(({ text }) => text)
    ).toEqual(Object.values(texts))
  })

  test.prop([fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 20 }), fc.boolean()], { numRuns: 50 })(
    'JSONL of any texts is read back',
    async (texts, packed) => {
      const content = texts.map(text => JSON.stringify({ content: text })).join('\n')
      const folder = await folderOf({ [packed ? 'a.jsonl.gz' : 'a.jsonl']: packed ? gzipSync(content) : content })
      expect(
        (await collect(readDocuments(['*'], { baseFolder: folder, textKey: 'content' }))).map(({ text }) => text)
      ).toEqual(texts)
    }
  )

  it('reads characters and lines that lie across pieces of a file', async () => {
    const texts = Array.from({ length: 4000 }, (_, i) => `日本😀${'é'.repeat(i % 700)}`)
    const folder = await folderOf({
      'a.jsonl': texts.map(text => JSON.stringify({ text })).join('\n'),
      'b.txt': texts.join('')
    })
    const documents = await collect(readDocuments(['*'], { baseFolder: folder }))
    expect(documents.slice(0, -1).map(({ text }) => text)).toEqual(texts)
    expect(documents.at(-1)?.text).toBe(texts.join(''))
  })

  it.for([
    [
      'a line that is not JSON',
      { 'a.jsonl': '{"text": "x"}\n{"text": \n' },
      /^DATA_LINE_INVALID.*a\.jsonl:2: the line is not valid JSON/
    ],
    ['a line that is no object', { 'a.jsonl': '["x"]' }, /^DATA_LINE_INVALID.*a\.jsonl:1/],
    [
      'a line without the key',
      { 'a.jsonl': '\n{"body": "x", "id": 1}' },
      /^DATA_LINE_INVALID.*a\.jsonl:2: there is no key 'text', only body, id/
    ],
    ['a text that is a number', { 'a.jsonl': '{"text": 1}' }, /^DATA_LINE_INVALID.*a\.jsonl:1.*not a string/],
    [
      'gzip that is cut off',
      { 'a.txt.gz': gzipSync('x'.repeat(1000)).subarray(0, 20) },
      /^DATA_FILE_INVALID.*a\.txt\.gz is damaged/
    ],
    ['gzip that is none', { 'a.txt.gz': 'x' }, /^DATA_FILE_INVALID.*is damaged/],
    ['bytes that are no UTF-8', { 'a.txt': Uint8Array.of(97, 0xff, 0xfe) }, /^DATA_FILE_INVALID.*not UTF-8/],
    ['UTF-8 that is cut off', { 'a.txt': Uint8Array.of(0xe6, 0x97) }, /^DATA_FILE_INVALID.*not UTF-8/],
    [
      'zstd that is cut off',
      { 'a.jsonl.zst': zstdLines.subarray(0, 3000) },
      /^DATA_FILE_INVALID.*a\.jsonl\.zst is damaged/
    ],
    ['zstd that is none', { 'a.jsonl.zst': 'something else' }, /^DATA_FILE_INVALID.*does not begin with a zstd frame/],
    [
      'zstd that asks for memory',
      { 'a.jsonl.zst': Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0xf8, 0, 0, 0) },
      /^DATA_FILE_INVALID.*window/
    ],
    [
      'Parquet without the column',
      { 'a.parquet': parquet('body', ['x']) },
      /^DATA_LINE_INVALID.*a\.parquet:1: there is no key 'text', only id, body/
    ],
    ['Parquet that is none', { 'a.parquet': 'PAR1 and nothing else' }, /^DATA_FILE_INVALID/],
    ['a format that is not read', { 'a.arrow': 'x' }, /^DATA_FILE_INVALID.*format/],
    [
      'JSON lines in a text',
      { 'a.txt.gz': gzipSync('{"text": "x"}\n{"text": "y"}\n') },
      /^DATA_FILE_INVALID.*a\.txt\.gz contains JSON lines/
    ],
    ['JSON lines of no known ending', { 'a.data': '{"text": "x"}\n' }, /^DATA_FILE_INVALID.*contains JSON lines/],
    [
      'a JSON array of no known ending',
      { 'a.dat': '[\n  {"text": "x"}]' },
      /^DATA_FILE_INVALID.*a\.dat begins like JSON/
    ],
    [
      'a JSON object over lines',
      { 'a.json': '{\n "text": "x"\n}' },
      /^DATA_LINE_INVALID.*a\.json:1: the line is not valid JSON/
    ],
    ['JSON of a text', { 'a.json': '"x"' }, /^DATA_FILE_INVALID.*is JSON, but does not contain records/],
    [
      'an array that ends early',
      { 'a.json': '[{"text": "x"}, {"te' },
      /^DATA_FILE_INVALID.*a\.json is a JSON array that ends inside/
    ],
    ['an array with more behind it', { 'a.json': '[{"text": "x"}] {}' }, /^DATA_FILE_INVALID.*continues after/],
    [
      'an array with a hole',
      { 'a.json': '[{"text": "x"},,{"text": "x"}]' },
      /^DATA_FILE_INVALID.*nothing between two commas at record 2/
    ],
    [
      'an array of numbers',
      { 'a.json': '[{"text": "x"}, 3]' },
      /^DATA_LINE_INVALID.*a\.json:2: the record is not a JSON object/
    ],
    ['UTF-16', { 'a.txt': Buffer.from('\ufeffone two', 'utf16le') }, /^DATA_FILE_INVALID.*a\.txt is UTF-16/],
    [
      'UTF-16 without a mark',
      { 'a.jsonl': Buffer.from('{"text": "x"}', 'utf16le') },
      /^DATA_FILE_INVALID.*a\.jsonl is UTF-16/
    ],
    [
      'UTF-16 of the other order',
      { 'a.txt': Buffer.from('one two', 'utf16le').swap16() },
      /^DATA_FILE_INVALID.*a\.txt is UTF-16/
    ]
  ] as const)('refuses %s', async ([, files, message]) => {
    const folder = await folderOf(files as Record<string, string>)
    await expect(collect(readDocuments(['*'], { baseFolder: folder }))).rejects.toThrow(message)
  })

  it('refuses a file that changes while it is read', async () => {
    const folder = await folderOf({ 'a.jsonl': '{"text": "x"}\n'.repeat(3), 'b.jsonl': '{"text": "y"}\n' })
    const read = async (change: () => Promise<void>) => {
      for await (const { source } of readDocuments(['*'], { baseFolder: folder }))
        if (source === 'a.jsonl:1') await change()
    }
    await expect(read(() => appendFile(join(folder, 'a.jsonl'), '{"text": "z"}\n'))).rejects.toThrow(
      /^DATA_FILE_INVALID.*a\.jsonl changed while it was read/
    )
    await expect(read(() => writeFile(join(folder, 'b.jsonl'), '{"text": "Y"}\n'))).rejects.toThrow(
      /^DATA_FILE_INVALID.*b\.jsonl changed while it was read/
    )
    await expect(read(() => rm(join(folder, 'b.jsonl')))).rejects.toThrow(
      /^DATA_FILE_INVALID.*b\.jsonl cannot be read \(ENOENT\)/
    )
  })

  it('stops when aborted, and when the reader stops', async () => {
    const folder = await folderOf({ 'a.jsonl': '{"text": "x"}\n'.repeat(10) })
    const abort = new AbortController()
    const read = async () => {
      for await (const { source } of readDocuments(['*'], { baseFolder: folder, signal: abort.signal }))
        if (source === 'a.jsonl:3') abort.abort(new Error('enough'))
    }
    await expect(read()).rejects.toThrow('enough')
    for await (const { text } of readDocuments(['*'], { baseFolder: folder })) {
      expect(text).toBe('x')
      break
    }
  })
})
