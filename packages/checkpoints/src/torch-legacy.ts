import { isSkipwiseError, SkipwiseError } from '@skipwise/core'
import { DTYPE_BYTES } from './dtypes.js'
import { damaged, MAX_PICKLE_BYTES, unpickle } from './pickle.js'
import type { ReadAt } from './stored-zip.js'
import type { TorchStateDict } from './torch-archive.js'
import { stateDict, torchRules } from './torch-tensors.js'

/** The first value of such a file, and the second. */
const MAGIC = 0x1950a86a20f9469cfc6cn
const PROTOCOL = 1001

/** Bytes read at first; the pickles of most files are shorter. */
const FIRST_BYTES = 0x10000

/**
 * torch's format before 1.6: five pickles (magic number, protocol, machine, state_dict, keys of the storages), then
 * each storage: its number of elements (i64) and its elements, little-endian on every machine.
 *
 * @throws SkipwiseError as {@link openTorchFile}
 */
export async function readTorchLegacy(read: ReadAt, bytes: number, file: string): Promise<TorchStateDict> {
  const { object, keys, storages, end } = await readPickles(read, bytes, file)
  const tensors = stateDict(object, file)
  const starts = new Map<string, number>()
  if (!Array.isArray(keys)) throw damaged(file, 'its list of storages is missing')
  let at = end
  for (const key of keys as unknown[]) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined
    if (!storage || starts.has(storage.key)) throw damaged(file, 'its list of storages does not agree with its tensors')
    const next = at + 8 + storage.elements * DTYPE_BYTES[storage.dtype]
    if (next > bytes) {
      throw new SkipwiseError('CHECKPOINT_TRUNCATED', {
        problem: `${file} ends before its last tensor`,
        fix: 'the copy or the download is incomplete: download the file again'
      })
    }
    const count = await read(at, 8)
    if (new DataView(count.buffer).getBigInt64(0, true) !== BigInt(storage.elements))
      throw damaged(file, `its storage '${storage.key}' has a different length from that of its tensors`)
    starts.set(storage.key, at + 8)
    at = next
  }
  const startOf = ({ key }: { key: string }) => {
    const start = starts.get(key)
    return start === undefined
      ? Promise.reject(damaged(file, `its storage '${key}' is missing`))
      : Promise.resolve(start)
  }
  return { tensors, startOf }
}

/** The end of the pickles is known only after they have been read: so more and more of the file is tried. */
async function readPickles(read: ReadAt, bytes: number, file: string) {
  for (let length = Math.min(bytes, FIRST_BYTES); ; length = Math.min(bytes, 4 * length)) {
    const content = await read(0, length)
    const rules = torchRules(file)
    let end = 0
    const next = () => {
      const pickle = unpickle(content, end, rules, file)
      end = pickle.end
      return pickle.value
    }
    try {
      if (next() !== MAGIC || next() !== PROTOCOL) throw damaged(file, 'it is not a file of torch.save')
      next()
      return { object: next(), keys: next(), storages: rules.storages, end }
    } catch (error) {
      if (
        !isSkipwiseError(error) ||
        error.code !== 'CHECKPOINT_TRUNCATED' ||
        length === bytes ||
        length > MAX_PICKLE_BYTES
      )
        throw error
    }
  }
}
