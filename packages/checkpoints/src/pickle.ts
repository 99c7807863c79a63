import { SkipwiseError } from '@skipwise/core'

/** The longest pickle accepted, in bytes; one tensor takes about 250, so a file of 100,000 tensors fits. */
export const MAX_PICKLE_BYTES = 0x2000000

/**
 * Memory that a pickle may make the reader allocate, in units of about 32 bytes. A tensor takes about 100; a pickle of
 * one-byte opcodes that each create a container would otherwise take a hundred times its own size.
 */
const MAX_COST = 0x1000000

/**
 * A name that a pickle refers to and that is on the allow-list: a function that may be called, or a value that stands
 * for it.
 */
export type Allowed = ((args: readonly unknown[]) => unknown) | object

/** What a pickle may refer to. */
export interface PickleRules {
  /** By `module name`. Nothing else is ever looked up, imported or called. */
  readonly globals: ReadonlyMap<string, Allowed>
  /** The object that a persistent id stands for; throws for one that is not understood. */
  readonly persistent: (id: unknown) => unknown
}

/** `CHECKPOINT_HEADER_INVALID` for a damaged torch file. */
export const damaged = (file: string, problem: string, cause?: unknown) =>
  new SkipwiseError('CHECKPOINT_HEADER_INVALID', {
    problem: `${file}: ${problem}`,
    fix: 'the file is damaged or not a torch checkpoint: download it again',
    cause
  })

const unsafe = (file: string, what: string) =>
  new SkipwiseError('CHECKPOINT_PICKLE_UNSAFE', {
    problem: `${file} asks for ${what}, which is neither a tensor nor a plain container; none of its code was run`,
    fix: 'do not trust this file; if you do, load it in Python and save its state_dict as safetensors'
  })

const MARK = Symbol('mark')
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Reads one pickle of plain values: dicts as `Map`, lists and tuples as arrays, sets as `Set`, bytes as `Uint8Array`,
 * integers beyond 2⁵³ as `bigint`. Of Python's opcodes (protocols 2 to 5, `Lib/pickletools.py`) those that build such
 * values are accepted; all others are refused. No code can run: the only functions that can be on the stack are those
 * of `rules.globals`. Time is linear in the pickle's length.
 *
 * @param file its path, for messages
 * @returns the value and where the pickle ends
 * @throws SkipwiseError `CHECKPOINT_PICKLE_UNSAFE`, `CHECKPOINT_HEADER_INVALID`, `CHECKPOINT_TRUNCATED`
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  rules: PickleRules,
  file: string
): { readonly value: unknown; readonly end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const stack: unknown[] = []
  const memo = new Map<number, unknown>()
  let at = start
  let cost = 0

  const take = (length: number): number => {
    if (length > bytes.length - at) {
      throw new SkipwiseError('CHECKPOINT_TRUNCATED', {
        problem: `${file}: its pickle ends before its last value`,
        fix: 'the copy or the download is incomplete: download the file again'
      })
    }
    at += length
    return at - length
  }
  const spend = (units: number) => {
    if ((cost += units) > MAX_COST) throw damaged(file, 'its pickle has more values than any checkpoint')
  }
  const push = (value: unknown, units = 1) => {
    spend(units)
    stack.push(value)
  }
  const pop = (): unknown => {
    if (!stack.length || stack.at(-1) === MARK) throw damaged(file, 'its pickle uses a value that does not exist')
    return stack.pop()
  }
  const popToMark = (): unknown[] => {
    const mark = stack.lastIndexOf(MARK)
    if (mark < 0) throw damaged(file, 'its pickle has no mark where one is needed')
    const values = stack.splice(mark + 1)
    stack.pop()
    return values
  }
  const count = (large: bigint): number => Number(large > BigInt(bytes.length) ? BigInt(bytes.length) + 1n : large)
  const text = (length: number) => {
    const begin = take(length)
    return utf8.decode(bytes.subarray(begin, at))
  }
  const latin1 = (length: number) => {
    const begin = take(length)
    return Buffer.from(bytes.buffer, bytes.byteOffset + begin, length).toString('latin1')
  }
  const blob = (length: number) => {
    const begin = take(length)
    return bytes.slice(begin, at)
  }
  const line = (): string => {
    const end = bytes.indexOf(0x0a, at)
    const value = text((end < 0 ? bytes.length : end) - at)
    take(1)
    return value
  }
  const u8 = () => bytes[take(1)]
  const u16 = () => view.getUint16(take(2), true)
  const u32 = () => view.getUint32(take(4), true)
  const u64 = () => count(view.getBigUint64(take(8), true))
  const integer = (length: number) => {
    if (length > 255) throw damaged(file, `its pickle has an integer of ${length} bytes`)
    const begin = take(length)
    let value = 0n
    for (let i = length; i--;) value = (value << 8n) | BigInt(bytes[begin + i])
    value = BigInt.asIntN(8 * length, value)
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }
  const name = (module: unknown, attribute: unknown) => {
    const key = `${String(module)} ${String(attribute)}`
    const allowed = typeof module === 'string' && typeof attribute === 'string' ? rules.globals.get(key) : undefined
    if (allowed === undefined) throw unsafe(file, `'${key.slice(0, 200).replace(' ', '.')}'`)
    push(allowed)
  }
  const call = () => {
    const args = pop()
    const callee = pop()
    if (typeof callee !== 'function' || !Array.isArray(args))
      throw unsafe(file, 'a call of something that is not a function')
    spend(args.length)
    push((callee as (args: readonly unknown[]) => unknown)(args), 8)
  }
  const container = <Kind>(kind: new () => Kind): Kind => {
    const value = stack.at(-1)
    if (!(value instanceof (kind as unknown as new () => object)))
      throw damaged(file, 'its pickle adds to something that is not a container')
    return value as Kind
  }
  const setItems = (items: unknown[]) => {
    const dict = container(Map<unknown, unknown>)
    if (items.length % 2) throw damaged(file, 'its pickle has a key without a value')
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1])
  }
  const remember = (index: number) => {
    if (!stack.length) throw damaged(file, 'its pickle stores a value that does not exist')
    spend(2)
    memo.set(index, stack.at(-1))
  }
  const recall = (index: number) => {
    if (!memo.has(index)) throw damaged(file, `its pickle refers to the value ${index}, which does not exist`)
    push(memo.get(index))
  }
  const tuple = (size: number) => {
    const values = Array.from({ length: size }, pop).reverse()
    push(values, 2 + size)
  }

  for (;;) {
    const opcode = u8()
    switch (opcode) {
      case 0x80:
        if (u8() > 5) throw damaged(file, 'its pickle has a protocol above 5')
        break // PROTO
      case 0x95:
        u64()
        break // FRAME
      case 0x2e:
        return { value: pop(), end: at } // STOP
      case 0x28:
        push(MARK)
        break // MARK
      case 0x30:
        if (stack.at(-1) === MARK) stack.pop()
        else pop()
        break // POP
      case 0x31:
        popToMark()
        break // POP_MARK
      case 0x32: {
        const value = pop()
        push(value)
        push(value)
        break
      } // DUP
      case 0x4e:
        push(null)
        break // NONE
      case 0x88:
        push(true)
        break // NEWTRUE
      case 0x89:
        push(false)
        break // NEWFALSE
      case 0x4a:
        push(view.getInt32(take(4), true))
        break // BININT
      case 0x4b:
        push(u8())
        break // BININT1
      case 0x4d:
        push(u16())
        break // BININT2
      case 0x8a:
        push(integer(u8()), 8)
        break // LONG1
      case 0x8b:
        push(integer(u32()), 8)
        break // LONG4
      case 0x47:
        push(view.getFloat64(take(8)))
        break // BINFLOAT, big-endian
      case 0x58:
        push(text(u32()), 2)
        break // BINUNICODE
      case 0x8c:
        push(text(u8()), 2)
        break // SHORT_BINUNICODE
      case 0x8d:
        push(text(u64()), 2)
        break // BINUNICODE8
      case 0x54:
        push(latin1(u32()), 2)
        break // BINSTRING, a string of Python 2
      case 0x55:
        push(latin1(u8()), 2)
        break // SHORT_BINSTRING
      case 0x42:
        push(blob(u32()), 8)
        break // BINBYTES
      case 0x43:
        push(blob(u8()), 8)
        break // SHORT_BINBYTES
      case 0x8e:
        push(blob(u64()), 8)
        break // BINBYTES8
      case 0x29:
        push([], 2)
        break // EMPTY_TUPLE
      case 0x85:
        tuple(1)
        break // TUPLE1
      case 0x86:
        tuple(2)
        break // TUPLE2
      case 0x87:
        tuple(3)
        break // TUPLE3
      case 0x74:
        push(popToMark(), 2)
        break // TUPLE
      case 0x5d:
        push([], 2)
        break // EMPTY_LIST
      case 0x6c:
        push(popToMark(), 2)
        break // LIST
      case 0x61: {
        const value = pop()
        container(Array<unknown>).push(value)
        break
      } // APPEND
      case 0x65: {
        const values = popToMark()
        for (const value of values) container(Array<unknown>).push(value)
        break
      } // APPENDS
      case 0x7d:
        push(new Map(), 8)
        break // EMPTY_DICT
      case 0x64: {
        const items = popToMark()
        push(new Map(), 8)
        setItems(items)
        break
      } // DICT
      case 0x73: {
        const value = pop()
        const key = pop()
        setItems([key, value])
        break
      } // SETITEM
      case 0x75:
        setItems(popToMark())
        break // SETITEMS
      case 0x8f:
        push(new Set(), 8)
        break // EMPTY_SET
      case 0x90: {
        const values = popToMark()
        for (const value of values) container(Set<unknown>).add(value)
        break
      } // ADDITEMS
      case 0x91:
        push(new Set(popToMark()), 8)
        break // FROZENSET
      case 0x71:
        remember(u8())
        break // BINPUT
      case 0x72:
        remember(u32())
        break // LONG_BINPUT
      case 0x94:
        remember(memo.size)
        break // MEMOIZE
      case 0x68:
        recall(u8())
        break // BINGET
      case 0x6a:
        recall(u32())
        break // LONG_BINGET
      case 0x63:
        name(line(), line())
        break // GLOBAL
      case 0x93: {
        const attribute = pop()
        const module = pop()
        name(module, attribute)
        break
      } // STACK_GLOBAL
      case 0x52:
        call()
        break // REDUCE
      case 0x81:
        call()
        break // NEWOBJ: for everything on the allow-list it is the same as a call
      case 0x62:
        pop()
        if (!stack.length) throw damaged(file, 'its pickle changes a value that does not exist')
        break // BUILD: attributes, for instance `_metadata` of a state_dict, are not kept
      case 0x51:
        push(rules.persistent(pop()), 8)
        break // BINPERSID
      default:
        throw damaged(file, `its pickle has the opcode 0x${opcode.toString(16)}, which plain values do not need`)
    }
  }
}
