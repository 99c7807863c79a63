import { readFolderJson } from '@skipwise/checkpoints'
import type { Tokenizer } from '@skipwise/core'
import { z } from 'zod'

const id = z.int().min(0)
const generationConfig = z.looseObject({ eos_token_id: z.union([id, z.array(id)]).nullish() })

/**
 * Ids that end a text: those of `generation_config.json`, which may be several, and the tokenizer's own. A file that is not there, or whose ids
 * are none, says nothing.
 *
 * @throws SkipwiseError `MODEL_CONFIG_INVALID`, `FILE_REFUSED`
 */
export async function endIds(folder: string, { eosId }: Pick<Tokenizer, 'eosId'>): Promise<number[]> {
  const own = eosId === undefined ? [] : [eosId]
  const stored = await readFolderJson(folder, 'generation_config.json', 'MODEL_CONFIG_INVALID')
  const parsed = generationConfig.safeParse(stored ?? {})
  return parsed.success ? [...new Set([...own, ...[parsed.data.eos_token_id ?? []].flat()])] : own
}
