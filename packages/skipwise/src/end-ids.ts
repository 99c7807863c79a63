import { readFolderJson, readModelConfig } from '@skipwise/checkpoints'
import type { Tokenizer } from '@skipwise/core'
import { z } from 'zod'

const id = z.int().min(0)
const endKeys = z.looseObject({ eos_token_id: z.union([id, z.array(id)]).nullish() })

/**
 * Ids that end a text: those of `generation_config.json`, or else of `config.json`, which may be several, as
 * transformers takes them, and the tokenizer's own. A file that is not there, or whose ids are none, says nothing.
 *
 * @throws SkipwiseError `MODEL_CONFIG_INVALID`, `FILE_REFUSED`
 */
export async function endIds(folder: string, { eosId }: Pick<Tokenizer, 'eosId'>): Promise<number[]> {
  const own = eosId === undefined ? [] : [eosId]
  const generation = idsIn(await readFolderJson(folder, 'generation_config.json', 'MODEL_CONFIG_INVALID'))
  return [...new Set([...own, ...(generation ?? idsIn(await readModelConfig(folder)) ?? [])])]
}

function idsIn(file: Readonly<Record<string, unknown>> | undefined): readonly number[] | undefined {
  const ids = endKeys.safeParse(file ?? {}).data?.eos_token_id
  return typeof ids === 'number' ? [ids] : (ids ?? undefined)
}
