import { sharedFixture } from '@skipwise/testing'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { temporaryFolder } from '../test/folder.js'
import { golden } from '../test/golden.js'
import { openCheckpoint } from './checkpoint.js'
import { openTorchFile } from './torch-file.js'

const DTYPES: Readonly<Record<string, string>> = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  float64: 'F64',
  int8: 'I8',
  uint8: 'U8',
  int16: 'I16',
  int32: 'I32',
  int64: 'I64',
  bool: 'BOOL',
  uint16: 'U16',
  uint32: 'U32',
  uint64: 'U64'
}
/** Files of tools/golden/torch_files.py. */
const file = (name: string) => join(import.meta.dirname, '../test/golden/torch', name)
const expected = golden('torch/torch-files.json') as Record<
  string,
  Record<string, { dtype: string; shape: number[]; values: number[] }>
>

describe('files of torch.save', () => {
  it.for(Object.keys(expected))('%s: every element as torch reads it', async name => {
    const source = await openTorchFile(file(name))
    expect(source.names).toEqual(Object.keys(expected[name]).sort())
    for (const [tensor, { dtype, shape, values }] of Object.entries(expected[name])) {
      const info = source.info(tensor)
      expect([info.dtype, info.shape], tensor).toEqual([DTYPES[dtype], shape])
      expect(Array.from(await source.readFloat64(tensor)), tensor).toEqual(values)
      expect(await source.read(tensor), tensor).toEqual(Float32Array.from(values))
      expect((await source.readRaw(tensor)).length, tensor).toBe(info.byteLength)
    }
    await source.close()
  })

  it('tells which tensors are not in row-major order, and that tied ones lie in one place', async () => {
    const source = await openTorchFile(file('views.bin'))
    expect(source.info('transposed').strides).toEqual([1, 5, 30])
    expect(['base', 'tied', 'row'].map(name => source.info(name).strides)).toEqual([undefined, undefined, undefined])
    expect(source.info('tied').byteOffset).toBe(source.info('base').byteOffset)
    await source.close()
  })

  it.for([
    ['system.bin', 'CHECKPOINT_PICKLE_UNSAFE', /posix\.system/],
    ['system-legacy.bin', 'CHECKPOINT_PICKLE_UNSAFE', /posix\.system/],
    ['whole-module.bin', 'CHECKPOINT_PICKLE_UNSAFE', /torch\.nn\.modules\.linear\.Linear/],
    ['sparse.bin', 'CHECKPOINT_PICKLE_UNSAFE', /_rebuild_sparse_tensor/],
    ['complex.bin', 'CHECKPOINT_PICKLE_UNSAFE', /ComplexDoubleStorage/],
    ['expanded.bin', 'CHECKPOINT_FORMAT_UNSUPPORTED', /\[1000\].*expanded.*contiguous/],
    ['list.bin', 'CHECKPOINT_FORMAT_UNSUPPORTED', /state_dict/],
    ['optimizer.bin', 'CHECKPOINT_FORMAT_UNSUPPORTED', /'model'/],
    ['big-endian.bin', 'CHECKPOINT_FORMAT_UNSUPPORTED', /big-endian/],
    ['compressed.bin', 'CHECKPOINT_FORMAT_UNSUPPORTED', /compressed/],
    ['numbers.bin', 'CHECKPOINT_HEADER_INVALID', /torch\.save/]
  ] as const)('refuses %s', async ([name, code, message]) => {
    const opened = openTorchFile(file(name))
    await expect(opened).rejects.toThrow(message)
    await expect(opened).rejects.toThrow(new RegExp(`^${code}: .*${name}`))
    expect(existsSync('/tmp/skipwise-was-here')).toBe(false)
  })

  it.for(['views.bin', 'views-legacy.bin'])('refuses every beginning of %s', async name => {
    const folder = await temporaryFolder()
    const path = join(folder, name)
    const bytes = readFileSync(file(name))
    for (let length = 0; length < bytes.length; length += length < 100 || bytes.length - length < 100 ? 1 : 37) {
      await writeFile(path, bytes.subarray(0, length))
      await expect(openTorchFile(path), String(length)).rejects.toThrow(/^CHECKPOINT_(TRUNCATED|HEADER_INVALID)/)
    }
  })
})

describe('a folder of torch files', () => {
  it('is opened after safetensors, single and sharded', async () => {
    const folder = await temporaryFolder()
    const open = async () => {
      const checkpoint = await openCheckpoint(folder)
      await checkpoint.close()
      return checkpoint
    }
    for (const name of ['dtypes.bin', 'module.bin']) await copyFile(file(name), join(folder, name))
    await writeFile(
      join(folder, 'pytorch_model.bin.index.json'),
      JSON.stringify({ metadata: {}, weight_map: { float16: 'dtypes.bin', '0.weight': 'module.bin' } })
    )
    expect((await open()).names).toEqual(['0.weight', 'float16'])
    await writeFile(
      join(folder, 'pytorch_model.bin.index.json'),
      JSON.stringify({ weight_map: { float16: 'module.bin' } })
    )
    await expect(openCheckpoint(folder)).rejects.toThrow(/^CHECKPOINT_TENSOR_MISSING.*float16/)
    await writeFile(
      join(folder, 'pytorch_model.bin.index.json'),
      JSON.stringify({ weight_map: { float16: '../dtypes.bin' } })
    )
    await expect(openCheckpoint(folder)).rejects.toThrow(/^CHECKPOINT_INDEX_UNSAFE/)
    await copyFile(file('module.bin'), join(folder, 'pytorch_model.bin'))
    expect((await open()).names).toContain('1.num_batches_tracked')
  })

  const models = sharedFixture('models')
  test.skipIf(!models)('gptj-bin-f16: as many elements as its configuration says', async () => {
    const checkpoint = await openCheckpoint(join(models as string, 'gptj-bin-f16'))
    expect(checkpoint.info('transformer.wte.weight')).toMatchObject({ dtype: 'F16', shape: [64, 32] })
    for (const name of checkpoint.names) expect((await checkpoint.read(name)).every(Number.isFinite), name).toBe(true)
    await checkpoint.close()
  })
})
