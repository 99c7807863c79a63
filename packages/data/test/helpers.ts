import type { Tokenizer } from '@skipwise/core'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder for one test with these files in it, removed after it. */
export async function folderOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skipwise-data-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  return folder
}

/** Bytes as ids, BOS 256; counts the calls of `encode`. */
export function countingTokenizer(overrides: Partial<Tokenizer> = {}): Tokenizer & { calls: number } {
  const tokenizer = {
    vocabSize: 257,
    bosId: 256,
    eosId: undefined,
    addBos: false,
    digest: 'bytes',
    calls: 0,
    encode(text: string) {
      tokenizer.calls++
      return Int32Array.from(Buffer.from(text))
    },
    decode: (ids: ArrayLike<number>) => Buffer.from(Array.from(ids).filter(id => id < 256)).toString(),
    ...overrides
  }
  return tokenizer
}

/** Everything that an asynchronous iterable gives. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}
