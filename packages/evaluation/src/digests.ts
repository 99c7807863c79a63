import { matchFiles } from '@skipwise/data'
import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** Files of a model folder that determine its output. */
const MODEL_FILE = /^(config\.json|.*\.safetensors|.*\.bin|tokenizer.*|.*\.index\.json)$/

/** SHA-256 of the names and contents of a model folder's files. */
export async function digestOfModel(folder: string): Promise<string> {
  const hash = createHash('sha256')
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter(name => MODEL_FILE.test(name)).sort()) {
    hash.update(`${name}\n`)
    await addFile(hash, join(folder, name))
  }
  return hash.digest('hex')
}

/**
 * SHA-256 of the files that a suite's configuration names: every string in it that is a path, a pattern of files or a
 * folder. So changed data under an old name is noticed, whatever the keys of a suite are called.
 */
export async function digestOfNamedFiles(config: unknown, resolvePath: (path: string) => string): Promise<string> {
  const hash = createHash('sha256')
  for (const text of textsIn(config)) {
    const path = resolvePath(text)
    const files = (
      await Promise.all([path, `${path}/**/*`].map(pattern => matchFiles([pattern], '.').catch(() => [])))
    ).flat()
    if (files.length > 0) hash.update(`${text}\n`)
    for (const file of files) await addFile(hash, file)
  }
  return hash.digest('hex')
}

const textsIn = (value: unknown): string[] => {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

const addFile = (hash: Hash, file: string): Promise<void> =>
  pipeline(createReadStream(file), async chunks => {
    for await (const chunk of chunks) hash.update(chunk as Buffer)
  })
