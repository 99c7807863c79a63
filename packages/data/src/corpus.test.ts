import { fc, test } from '@fast-check/vitest'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { countingTokenizer, folderOf } from '../test/helpers.js'
import { tokenizeDocuments } from './corpus.js'
import { loadCorpus } from './load-corpus.js'

const sha256 = (...parts: readonly (string | NodeJS.ArrayBufferView)[]) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
const documentsOf = (texts: readonly string[]) => texts.map((text, i) => ({ text, source: `${i}` }))

describe('tokenizeDocuments', () => {
  test.prop([fc.array(fc.string({ maxLength: 300 }), { minLength: 1, maxLength: 400 }), fc.boolean()])(
    'keeps every document apart',
    async (texts, addBos) => {
      const corpus = await tokenizeDocuments(documentsOf(texts), countingTokenizer({ addBos }), { minTokens: 0 })
      expect(corpus.length).toBe(texts.length)
      texts.forEach((text, i) => {
        const expected = [...(addBos ? [256] : []), ...Buffer.from(text)]
        expect(Array.from(corpus.document(i))).toEqual(expected)
        expect([corpus.tokensOf(i), corpus.source(i)]).toEqual([expected.length, `${i}`])
      })
    }
  )

  it('puts EOS behind every document where the tokenizer does', async () => {
    const corpus = await tokenizeDocuments(
      documentsOf(['ab', 'c']),
      countingTokenizer({ addBos: true, addEos: true, eosId: 9 })
    )
    expect([0, 1].map(i => Array.from(corpus.document(i)))).toEqual([
      [256, 97, 98, 9],
      [256, 99, 9]
    ])
    expect(
      (await tokenizeDocuments(documentsOf(['ab']), countingTokenizer({ addEos: true, eosId: 9 }), { addEos: false }))
        .tokens
    ).toBe(2)
  })

  it('leaves out short documents, counting BOS', async () => {
    const corpus = await tokenizeDocuments(documentsOf(['aa', '', 'bbb', 'cccc']), countingTokenizer(), {
      minTokens: 4,
      addBos: true
    })
    expect([corpus.length, corpus.tooShort, corpus.tokens, corpus.source(0)]).toEqual([2, 2, 9, '2'])
  })

  it('says when nothing is left', async () => {
    await expect(tokenizeDocuments([], countingTokenizer())).rejects.toThrow(/^DATA_NO_DOCUMENTS/)
    await expect(tokenizeDocuments(documentsOf(['a', 'bbb']), countingTokenizer(), { minTokens: 10 })).rejects.toThrow(
      /^DATA_TOO_SHORT: all 2 documents have fewer than 10 tokens; the longest has 3: .*at most 3/
    )
  })

  it('has a digest of its tokens and their borders', async () => {
    const digest = async (...texts: string[]) =>
      (await tokenizeDocuments(documentsOf(texts), countingTokenizer())).digest
    expect(await digest('ab', 'c')).toBe(await digest('ab', 'c'))
    expect(await digest('ab', 'c')).not.toBe(await digest('a', 'bc'))
  })
})

describe('loadCorpus', () => {
  const files = { 'in/a.jsonl': '{"text": "hello"}\n{"text": "world!"}\n{"text": "x"}\n', 'in/b.txt': 'a text' }
  const prompts = {
    'in/a.jsonl': '{"prompt": "hel", "completion": "lo"}\n{"prompt": "", "completion": "world!"}\n',
    'in/b.jsonl': '{"prompt": "a", "completion": " text"}\n{"prompt": "x", "completion": "y"}\n'
  }
  const setUp = async (written: Readonly<Record<string, string>> = files) => {
    const folder = await folderOf(written)
    const cacheFolder = join(folder, 'cache', 'tokens')
    const load = (tokenizer = countingTokenizer(), options = {}) =>
      loadCorpus(['in/*'], tokenizer, { baseFolder: folder, cacheFolder, minTokens: 2, ...options })
    return { folder, cacheFolder, load }
  }
  const all = (corpus: Awaited<ReturnType<typeof loadCorpus>>) => ({
    digest: corpus.digest,
    tooShort: corpus.tooShort,
    documents: Array.from({ length: corpus.length }, (_, i) => [
      corpus.source(i),
      Array.from(corpus.document(i)),
      corpus.learned(i)?.join('')
    ])
  })

  it('takes an unchanged corpus from the cache, the same in everything', async () => {
    const { load, cacheFolder } = await setUp()
    const tokenizer = countingTokenizer()
    const first = all(await load(tokenizer))
    expect([tokenizer.calls, first.documents.length, first.tooShort]).toEqual([4, 3, 1])
    expect(all(await load(tokenizer))).toEqual(first)
    expect([tokenizer.calls, (await readdir(cacheFolder)).length]).toEqual([4, 1])
    expect(all(await load(tokenizer, { cacheFolder: undefined }))).toEqual(first)
  })

  it('makes it again when a file, the tokenizer or an option changes', async () => {
    const { load, folder, cacheFolder } = await setUp()
    const tokenizer = countingTokenizer()
    await load(tokenizer)
    await load(countingTokenizer({ digest: 'other' }))
    await load(tokenizer, { minTokens: 1 })
    await load(tokenizer, { addBos: true })
    await writeFile(join(folder, 'in/b.txt'), 'b text')
    expect(all(await load(tokenizer)).documents.at(-1)).toEqual([
      'in/b.txt',
      Array.from(Buffer.from('b text')),
      undefined
    ])
    expect((await readdir(cacheFolder)).length).toBe(5)
  })

  test.prop(
    [
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.constantFrom('change', 'change the end', 'truncate', 'append', 'empty'),
      fc.boolean()
    ],
    { numRuns: 60 }
  )('makes a damaged cache again', async (at, flip, kind, prompted) => {
    const { load: loadAny, cacheFolder } = await setUp(prompted ? prompts : files)
    const format = prompted ? ('prompt-completion' as const) : ('text' as const)
    const load = (tokenizer = countingTokenizer()) => loadAny(tokenizer, { format })
    const first = all(await load())
    const whole = countingTokenizer()
    await loadAny(whole, { format, cacheFolder: undefined })
    const file = join(cacheFolder, (await readdir(cacheFolder))[0])
    const good = await readFile(file)
    const bad =
      kind === 'truncate'
        ? good.subarray(0, at % good.length)
        : kind === 'append'
          ? Buffer.concat([good, Buffer.of(flip)])
          : kind === 'empty'
            ? Buffer.of()
            : Buffer.from(good)
    if (kind === 'change') bad[at % good.length] ^= flip
    if (kind === 'change the end') bad[good.length - 1 - (at % 8)] ^= flip
    await writeFile(file, bad)
    const tokenizer = countingTokenizer()
    expect(all(await load(tokenizer))).toEqual(first)
    // A changed space of the padding, or of the JSON, leaves nothing to notice.
    if (kind !== 'change') expect(tokenizer.calls).toBe(whole.calls)
    await load(tokenizer)
    expect(tokenizer.calls).toBeLessThanOrEqual(whole.calls)
  })

  // of 995e99c: ids of prompts had bit 30, nothing else said that they were
  const oldFile = (key: string) => {
    const texts = ['hello', 'world!', 'a text', 'xy'].map(text => Buffer.from(text))
    const learnedFrom = [3, 0, 1, 1]
    const ids = Int32Array.from(
      texts.flatMap((text, i) => Array.from(text, (id, t) => (t < learnedFrom[i] ? id + 2 ** 30 : id)))
    )
    const ends = Float64Array.of(5, 11, 17, 19)
    const digest = sha256(ends, ids)
    const sources = ['in/a.jsonl:1', 'in/a.jsonl:2', 'in/b.jsonl:1', 'in/b.jsonl:2']
    const check = sha256(JSON.stringify([key, digest, ids.length, 0, sources]))
    const json = Buffer.from(JSON.stringify({ key, digest, tokens: ids.length, tooShort: 0, sources, check }))
    const head = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ')
    head.writeBigUInt64LE(BigInt(head.length - 8))
    json.copy(head, 8)
    return { digest, file: Buffer.concat([head, new Uint8Array(ends.buffer), new Uint8Array(ids.buffer)]) }
  }
  it.each(['under its own key', 'under the key of now'])(
    'makes a cache of an earlier version again, %s',
    async where => {
      const { load, folder, cacheFolder } = await setUp(prompts)
      const fresh = all(await load(undefined, { format: 'prompt-completion' }))
      const [name] = await readdir(cacheFolder)
      const now = name.replace('.tokens', '')
      const hashed = Object.entries(prompts).map(([file, content]) => [file, sha256(content)])
      const then = sha256(JSON.stringify([2, 'bytes', 'text', 2, false, hashed, 'prompt-completion']))
      const { digest, file } = oldFile(where === 'under its own key' ? then : now)
      expect(digest).toBe(fresh.digest)
      const other = join(folder, 'other')
      await mkdir(other)
      await writeFile(join(other, where === 'under its own key' ? `${then}.tokens` : name), file)
      const tokenizer = countingTokenizer()
      const options = { format: 'prompt-completion', cacheFolder: other }
      expect(all(await load(tokenizer, options))).toEqual(fresh)
      expect(tokenizer.calls).toBeGreaterThan(0)
      expect(fresh.documents.map(([, ids]) => Math.max(...(ids as number[])) < 256)).toEqual([true, true, true, true])
      expect(await readFile(join(other, name))).toEqual(await readFile(join(cacheFolder, name)))
    }
  )

  it('says when the cache cannot be written', async () => {
    const { load, folder } = await setUp()
    await expect(load(countingTokenizer(), { cacheFolder: join(folder, 'in/b.txt') })).rejects.toThrow(
      /^DATA_CACHE_WRITE_FAILED/
    )
  })
})
