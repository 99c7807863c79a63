import { SkipwiseError, validate } from '@skipwise/core'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { resolveInside } from './guarded-file.js'
import { readFolderJson } from './json-file.js'
import { openSafetensors } from './safetensors-file.js'
import { missingTensor, type TensorSource } from './tensor-source.js'
import { openTorchFile } from './torch-file.js'

/** File names as transformers gives them. */
export const SINGLE_FILE = 'model.safetensors'
export const INDEX_FILE = 'model.safetensors.index.json'
const TORCH_FILE = 'pytorch_model.bin'
const TORCH_INDEX_FILE = 'pytorch_model.bin.index.json'

/** The weights of a model folder. */
export interface Checkpoint extends TensorSource {
  readonly folder: string
}

/**
 * Opens the weights of a Hugging Face model folder: `model.safetensors`, or else the shards that
 * `model.safetensors.index.json` lists, or else `pytorch_model.bin` or its shards (the order of transformers). Headers
 * are read and checked; tensors are read on request. No code of a torch file is run, see {@link openTorchFile}.
 *
 * A sharded checkpoint has the tensors that the index lists, each from the shard named there. A shard must be in the
 * folder itself; it may be a symbolic link only within it, or into `blobs` of the Hugging Face cache that the folder is
 * a snapshot of.
 *
 * @throws SkipwiseError `CHECKPOINT_NOT_FOUND`, `CHECKPOINT_TRUNCATED`, `CHECKPOINT_HEADER_INVALID`,
 * `CHECKPOINT_INDEX_UNSAFE`, `CHECKPOINT_TENSOR_MISSING`, `CHECKPOINT_DTYPE_UNSUPPORTED`; of torch files also
 * `CHECKPOINT_PICKLE_UNSAFE`, `CHECKPOINT_FORMAT_UNSUPPORTED`
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const files = await readdir(folder).catch(() => [] as string[])
  if (files.includes(SINGLE_FILE)) return { folder, ...(await openSafetensors(join(folder, SINGLE_FILE))) }
  if (files.includes(INDEX_FILE)) return { folder, ...(await openShards(folder, INDEX_FILE, openSafetensors)) }
  if (files.includes(TORCH_FILE)) return { folder, ...(await openTorchFile(join(folder, TORCH_FILE))) }
  if (files.includes(TORCH_INDEX_FILE))
    return { folder, ...(await openShards(folder, TORCH_INDEX_FILE, openTorchFile)) }
  const other = files.find(file => /\.(bin|safetensors|pt|pth|gguf|ckpt|h5|msgpack)$/.test(file))
  throw new SkipwiseError('CHECKPOINT_NOT_FOUND', {
    problem: `${folder} has neither ${SINGLE_FILE} nor ${TORCH_FILE}, nor the index of their shards${other ? `, only ${other}` : ''}`,
    fix: other
      ? 'convert the weights to safetensors (transformers: save_pretrained)'
      : 'pass the folder with config.json and the weights'
  })
}

const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) })

async function openShards(
  folder: string,
  name: string,
  open: (file: string) => Promise<TensorSource>
): Promise<TensorSource> {
  const indexFile = join(folder, name)
  const index = validate(
    indexSchema,
    await readFolderJson(folder, name, 'CHECKPOINT_HEADER_INVALID'),
    'CHECKPOINT_HEADER_INVALID',
    indexFile
  )
  const shardOf = new Map(Object.entries(index.weight_map))
  const shards = new Map<string, TensorSource>()
  const close = async () => {
    for (const shard of shards.values()) await shard.close()
  }
  try {
    for (const name of [...new Set(shardOf.values())].sort()) {
      await checkInside(folder, name, indexFile)
      shards.set(name, await open(join(folder, name)))
    }
    for (const [tensor, shard] of shardOf) {
      if (!(shards.get(shard) as TensorSource).has(tensor)) {
        throw new SkipwiseError('CHECKPOINT_TENSOR_MISSING', {
          problem: `${indexFile} says that '${tensor}' is in ${shard}, which does not have it`,
          fix: 'the index and the shards belong to different checkpoints: download them again together'
        })
      }
    }
  } catch (error) {
    await close()
    throw error
  }
  const of = (tensor: string) =>
    shards.get(shardOf.get(tensor) ?? missingTensor(tensor, [...shardOf.keys()])) as TensorSource
  return {
    names: [...shardOf.keys()].sort(),
    metadata: [...shards.values()][0]?.metadata ?? {},
    has: tensor => shardOf.has(tensor),
    info: tensor => of(tensor).info(tensor),
    read: async tensor => of(tensor).read(tensor),
    readFloat64: async tensor => of(tensor).readFloat64(tensor),
    readIntegers: async tensor => of(tensor).readIntegers(tensor),
    readRaw: async tensor => of(tensor).readRaw(tensor),
    close
  }
}

/** A name from an untrusted index must be a file of this folder: no separator, no '..', no link to the outside. */
async function checkInside(folder: string, name: string, indexFile: string): Promise<void> {
  const unsafe = (why: string) =>
    new SkipwiseError('CHECKPOINT_INDEX_UNSAFE', {
      problem: `${indexFile} names the shard '${name}', ${why}`,
      fix: 'do not trust this checkpoint'
    })
  if (name === '' || name === '.' || name === '..' || /[/\\\0:]/.test(name))
    throw unsafe('which is not a plain file name')
  const found = await resolveInside(folder, name).catch(() => undefined)
  if (found === undefined) {
    throw new SkipwiseError('CHECKPOINT_NOT_FOUND', {
      problem: `${indexFile} names the shard '${name}', which does not exist`,
      fix: 'download the missing shard'
    })
  }
  if ('problem' in found) throw unsafe(`which ${found.problem}`)
}
