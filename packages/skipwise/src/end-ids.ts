import type { Tokenizer } from '@skipwise/core'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const id = z.int().min(0)
const generationConfig = z.looseObject({ eos_token_id: z.union([id, z.array(id)]).nullish() })

/** Ids that end a text: those of `generation_config.json`, which may be several, and the tokenizer's own. A file that cannot be read says nothing. */
export async function endIds(folder: string, { eosId }: Pick<Tokenizer, 'eosId'>): Promise<number[]> {
  const own = eosId === undefined ? [] : [eosId]
  try {
    const { eos_token_id } = generationConfig.parse(JSON.parse(await readFile(join(folder, 'generation_config.json'), 'utf8')))
    return [...new Set([...own, ...[eos_token_id ?? []].flat()])]
  } catch {
    return own
  }
}
