import { tokenizeDocuments } from '@skipwise/data'
import { loadChatTemplate, loadTokenizerJson } from '@skipwise/tokenizers'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import answers from './golden/chat-answers.json' with { type: 'json' }
import golden from './golden/chat-masks.json' with { type: 'json' }

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skipwise-chat-masks-'))
})
afterAll(() => rm(folder, { recursive: true }))

// tools/golden/chat_masks.py
describe(`conversations have the text, ids and masks of ${golden.origin}`, () => {
  test.each(golden.cases)(
    '$tokenizer, $name, $messages.length messages',
    async ({ tokenizer, template, messages, text, ids, mask }) => {
      await writeFile(
        join(folder, 'tokenizer_config.json'),
        JSON.stringify({ ...golden.tokens, chat_template: template })
      )
      await writeFile(
        join(folder, 'tokenizer.json'),
        JSON.stringify(golden.tokenizers[tokenizer as keyof typeof golden.tokenizers])
      )
      expect(await learned(JSON.stringify({ messages }))).toEqual([{ text, ids, mask }])
    }
  )
})

// tools/golden/chat_answers.py
describe(`answers that later messages change are those of their turns, with the ids and masks of ${answers.origin}`, () => {
  test.each(answers.cases)('$name', async ({ template, record, texts }) => {
    await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ chat_template: template }))
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(answers.tokenizer))
    expect(await learned(record)).toEqual(texts)
  })
})

/** Texts of a conversation with the model in the folder, their token ids, and which of these are learned. */
async function learned(record: string) {
  const [rendered] = await (await loadChatTemplate(folder)).renderLearned([record])
  if ('problem' in rendered) throw new Error(rendered.problem)
  const corpus = await tokenizeDocuments(
    rendered.texts.map(text => ({ ...text, source: '' })),
    await loadTokenizerJson(folder)
  )
  return rendered.texts.map(({ text }, i) => ({
    text,
    ids: Array.from(corpus.document(i)),
    mask: Array.from(corpus.learned(i) ?? [])
  }))
}
