import { findTokenizer } from '@skipwise/experiment'
import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { defaultRegistry } from './registry.js'

test('of a folder with tokenizer.json and tokenizer.model, tokenizer.json is read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'skipwise-registry-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'tokenizer.model'), 'damaged')
  await expect(findTokenizer(defaultRegistry, folder)).rejects.toThrow(/^TOKENIZER_INVALID.*tokenizer\.model/)
  await writeFile(join(folder, 'tokenizer.json'), '{')
  await expect(findTokenizer(defaultRegistry, folder)).rejects.toThrow(/^TOKENIZER_INVALID.*tokenizer\.json/)
})
