import { SkipwiseError } from '@skipwise/core'
import { DTYPE_BYTES } from './dtypes.js'
import { damaged, MAX_PICKLE_BYTES, unpickle } from './pickle.js'
import { readStoredZip, type ReadAt } from './stored-zip.js'
import { stateDict, torchRules, type TorchStorage, type TorchTensor } from './torch-tensors.js'

/** A state_dict of a torch file, and where the bytes of each storage begin. */
export interface TorchStateDict {
  readonly tensors: ReadonlyMap<string, TorchTensor>
  readonly startOf: (storage: TorchStorage) => Promise<number>
}

/**
 * A zip archive, torch's format since 1.6: `<root>/data.pkl`, `<root>/byteorder` and a record `<root>/data/<key>` for
 * each storage.
 *
 * @throws SkipwiseError as {@link openTorchFile}
 */
export async function readTorchArchive(read: ReadAt, bytes: number, file: string): Promise<TorchStateDict> {
  const entries = await readStoredZip(read, bytes, file)
  const pickles = [...entries.keys()].filter(name => /^[^/]+\/data\.pkl$/.test(name))
  if (pickles.length !== 1) throw damaged(file, 'it is a zip archive, but not one that torch.save wrote')
  const root = pickles[0].slice(0, -'data.pkl'.length)
  const unsupported = (problem: string, fix: string) =>
    new SkipwiseError('CHECKPOINT_FORMAT_UNSUPPORTED', { problem: `${file} ${problem}`, fix })
  if (entries.has(`${root}constants.pkl`))
    throw unsupported('is a TorchScript program', 'save the state_dict of the model instead')
  const record = async (name: string, maxBytes: number) => {
    const entry = entries.get(name)
    if (entry && entry.byteLength > maxBytes) throw damaged(file, `its record '${name}' has ${entry.byteLength} bytes`)
    return entry && read(await entry.start(), entry.byteLength)
  }
  const byteOrder = await record(`${root}byteorder`, 16)
  if (byteOrder && Buffer.from(byteOrder).toString('latin1') !== 'little') {
    throw unsupported('was written on a big-endian machine', 'load it in Python and save it as safetensors')
  }
  const pickle = (await record(pickles[0], MAX_PICKLE_BYTES)) as Uint8Array
  const starts = new Map<string, number>()
  const startOf = async ({ key, dtype, elements }: TorchStorage) => {
    const entry = entries.get(`${root}data/${key}`)
    if (entry?.byteLength !== elements * DTYPE_BYTES[dtype])
      throw damaged(file, `its record data/${key} does not contain the ${elements} elements of ${dtype} that it should`)
    const start = starts.get(key) ?? (await entry.start())
    starts.set(key, start)
    return start
  }
  return { tensors: stateDict(unpickle(pickle, 0, torchRules(file), file).value, file), startOf }
}
