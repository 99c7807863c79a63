// Writes a state_dict as torch.save does: a zip archive of stored entries with a pickle of protocol 2. Only for
// benchmarks: float32, contiguous.
import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

const text = value => Buffer.from(value)
const u16 = value => Buffer.from(Uint16Array.of(value).buffer)
const u32 = value => Buffer.from(Uint32Array.of(value).buffer)
const u64 = value => Buffer.from(BigUint64Array.of(BigInt(value)).buffer)

const string = value => Buffer.concat([text('X'), u32(Buffer.byteLength(value)), text(value)])
const integer = value => Buffer.concat([text('J'), u32(value)])
const global = (module, name) => text(`c${module}\n${name}\n`)
const tuple = items => Buffer.concat([text('('), ...items, text('t')])

/** OrderedDict of _rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict()). */
function pickle(tensors) {
  const dict = Buffer.concat([global('collections', 'OrderedDict'), text(')R')])
  const items = tensors.flatMap(({ name, shape }, key) => {
    const storage = Buffer.concat([
      tuple([
        string('storage'),
        global('torch', 'FloatStorage'),
        string(String(key)),
        string('cpu'),
        integer(shape.reduce((product, size) => product * size, 1))
      ]),
      text('Q')
    ])
    const args = tuple([
      storage,
      integer(0),
      tuple(shape.map(integer)),
      tuple(shape.map((_, i) => integer(shape.slice(i + 1).reduce((product, size) => product * size, 1)))),
      Buffer.of(0x89),
      dict
    ])
    return [string(name), global('torch._utils', '_rebuild_tensor_v2'), args, text('R')]
  })
  return Buffer.concat([Buffer.of(0x80, 2), dict, text('('), ...items, text('u.')])
}

/** @param tensors with `name`, `shape` and `data()` that makes the elements */
export async function writeTorchFile(file, tensors) {
  const handle = await open(file, 'w')
  const directory = []
  let at = 0
  const write = async bytes => {
    await handle.write(bytes)
    at += bytes.length
  }
  const entry = async (name, bytes) => {
    const header = at
    const common = Buffer.concat([
      u16(0),
      u16(0),
      u16(0),
      u16(0),
      u32(crc32(bytes)),
      u32(bytes.length),
      u32(bytes.length),
      u16(name.length),
      u16(0)
    ])
    await write(Buffer.concat([u32(0x04034b50), u16(20), common, text(name)]))
    await write(bytes)
    // the position in a Zip64 field: archives may be larger than 4 GiB
    directory.push(
      Buffer.concat([
        u32(0x02014b50),
        u16(45),
        u16(45),
        common.subarray(0, 20),
        u16(name.length),
        u16(12),
        u16(0),
        u16(0),
        u16(0),
        u32(0),
        u32(0xffffffff),
        text(name),
        u16(1),
        u16(8),
        u64(header)
      ])
    )
  }
  await entry('archive/data.pkl', pickle(tensors))
  await entry('archive/byteorder', text('little'))
  for (const [key, { data }] of tensors.entries()) {
    const values = data()
    await entry(`archive/data/${key}`, Buffer.from(values.buffer, values.byteOffset, values.byteLength))
  }
  await entry('archive/version', text('3\n'))
  const start = at
  const listed = Buffer.concat(directory)
  await write(listed)
  const end = at
  await write(
    Buffer.concat([
      u32(0x06064b50),
      u64(44),
      u16(45),
      u16(45),
      u32(0),
      u32(0),
      u64(directory.length),
      u64(directory.length),
      u64(listed.length),
      u64(start)
    ])
  )
  await write(Buffer.concat([u32(0x07064b50), u32(0), u64(end), u32(1)]))
  await write(
    Buffer.concat([u32(0x06054b50), u16(0), u16(0), u16(0xffff), u16(0xffff), u32(0xffffffff), u32(0xffffffff), u16(0)])
  )
  await handle.close()
}
