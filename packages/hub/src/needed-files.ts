/**
 * Files of a model folder besides weights and config.json: those of the tokenizer and of generation, and the licence.
 */
export const COMPANION_FILES =
  /^(tokenizer\.json|tokenizer_config\.json|special_tokens_map\.json|added_tokens\.json|tokenizer\.model|vocab\.json|merges\.txt|chat_template\.(jinja|json)|generation_config\.json|LICENSE[^/]*|NOTICE[^/]*)$/i

const SHARD = /^[A-Za-z0-9][\w.-]*\.(safetensors|bin)$/

/** What a command needs of a model. */
export type HubPart = 'model' | 'tokenizer' | 'config'

/**
 * The files of a repository that are needed, and no others: many repositories have the same weights in several formats.
 * Weights are chosen in the order in which folders are read: safetensors, its shards, pytorch_model.bin, its shards.
 *
 * @param names of the files at the top of the repository
 * @param readIndex the names that a shard index lists
 */
export async function neededFiles(
  names: readonly string[],
  part: HubPart,
  readIndex: (name: string) => Promise<readonly string[]>
): Promise<string[]> {
  const has = (name: string) => names.includes(name)
  const companions = names.filter(name => COMPANION_FILES.test(name))
  const config = names.filter(name => name === 'config.json' || name === 'skipwise.json')
  if (part === 'config') return config
  if (part === 'tokenizer') return companions
  const weights = async (): Promise<string[]> => {
    for (const kind of ['model.safetensors', 'pytorch_model.bin']) {
      const index = `${kind}.index.json`
      if (has(kind)) return [kind]
      if (has(index)) return [index, ...new Set((await readIndex(index)).filter(name => SHARD.test(name)))]
    }
    return []
  }
  return [...config, ...companions, ...(await weights())]
}
