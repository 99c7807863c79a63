import { splitPromptMarks, tokenizeDocuments } from '@skipwise/data'
import { loadChatTemplate, loadTokenizerJson } from '@skipwise/tokenizers'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import golden from './golden/chat-masks.json' with { type: 'json' }

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skipwise-chat-masks-'))
})
afterAll(() => rm(folder, { recursive: true }))

// tools/golden/chat_masks.py
describe(`conversations have the text, ids and masks of ${golden.origin}`, () => {
  test.each(golden.cases)('$tokenizer, $name, $messages.length messages', async ({ tokenizer, template, messages, text, ids, mask }) => {
    await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ ...golden.tokens, chat_template: template }))
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(golden.tokenizers[tokenizer as keyof typeof golden.tokenizers]))
    const [rendered] = await (await loadChatTemplate(folder)).renderLearned([messages])
    if ('problem' in rendered) throw new Error(rendered.problem)
    expect(rendered.text).toBe(text)
    const corpus = await tokenizeDocuments([{ ...rendered, source: '' }], await loadTokenizerJson(folder)), marked = splitPromptMarks(corpus.document(0))
    expect(Array.from(marked.ids)).toEqual(ids)
    expect(Array.from(marked.isPrompt ?? [], flag => 1 - flag)).toEqual(mask)
  })
})
