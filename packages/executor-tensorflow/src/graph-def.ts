import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** Element types (tensorflow/core/framework/types.proto). */
export const tensorFlowType = {
  float32: 1,
  int32: 3,
  uint8: 4,
  int8: 6,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  float16: 19,
  resource: 20
} as const

/** A name of an element type in {@link tensorFlowType}. */
export type TensorFlowType = keyof typeof tensorFlowType

/** A constant: its numbers as they lie in memory. */
export interface ConstantTensor {
  readonly type: TensorFlowType
  readonly shape: readonly number[]
  readonly data: Float32Array | Int32Array | Uint8Array
}

/** An attribute of a node; the key says its kind. */
export type Attribute =
  | { readonly type: TensorFlowType }
  | { readonly types: readonly TensorFlowType[] }
  | { readonly int: number }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly shape: readonly number[] }
  | { readonly tensor: ConstantTensor }
  | { readonly func: string }

/** A node: inputs are `name:index`, control inputs `^name`. */
export interface NodeDef {
  readonly name: string
  readonly op: string
  readonly inputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

/** A named and typed argument of a function. */
export interface ArgumentDef {
  readonly name: string
  readonly type: TensorFlowType
}

/** A function: inside its body an input is an argument's name or `node:output name:index`. */
export interface FunctionDef {
  readonly name: string
  readonly inputs: readonly ArgumentDef[]
  readonly outputs: readonly (ArgumentDef & { readonly from: string })[]
  readonly nodes: readonly NodeDef[]
}

/** The tag under which {@link encodeSavedModel} files its one graph. */
export const SAVED_MODEL_TAG = 'skipwise'

/** Version of the graph format that we write, and the oldest reader of it (tensorflow/core/public/version.h). */
const PRODUCER = 1200
const MIN_CONSUMER = 12

/**
 * Encodes a SavedModel of one graph, without signatures or files. Field numbers: tensorflow/core/protobuf and
 * framework.
 */
export function encodeSavedModel(nodes: readonly NodeDef[], functions: readonly FunctionDef[] = []): Uint8Array {
  const writer = new BinaryWriter()
  writer.tag(1, WireType.Varint).int64(1)
  writer.tag(2, WireType.LengthDelimited).fork()
  writer.tag(1, WireType.LengthDelimited).fork().tag(4, WireType.LengthDelimited).string(SAVED_MODEL_TAG).join()
  writer.tag(2, WireType.LengthDelimited).fork()
  for (const node of nodes) writeNode(writer.tag(1, WireType.LengthDelimited).fork(), node).join()
  if (functions.length > 0) {
    writer.tag(2, WireType.LengthDelimited).fork()
    for (const each of functions) writeFunction(writer.tag(1, WireType.LengthDelimited).fork(), each).join()
    writer.join()
  }
  writer.tag(4, WireType.LengthDelimited).fork()
  writer.tag(1, WireType.Varint).int32(PRODUCER).tag(2, WireType.Varint).int32(MIN_CONSUMER)
  writer.join()
  return writer.join().join().finish()
}

function writeNode(writer: BinaryWriter, { name, op, inputs, attributes }: NodeDef): BinaryWriter {
  writer.tag(1, WireType.LengthDelimited).string(name)
  writer.tag(2, WireType.LengthDelimited).string(op)
  for (const input of inputs) writer.tag(3, WireType.LengthDelimited).string(input)
  for (const [key, attribute] of Object.entries(attributes)) {
    writer.tag(5, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).string(key)
    writeAttribute(writer.tag(2, WireType.LengthDelimited).fork(), attribute).join()
    writer.join()
  }
  return writer
}

function writeAttribute(writer: BinaryWriter, attribute: Attribute): BinaryWriter {
  if ('type' in attribute) return writer.tag(6, WireType.Varint).int32(tensorFlowType[attribute.type])
  if ('int' in attribute) return writer.tag(3, WireType.Varint).int64(attribute.int)
  if ('float' in attribute) return writer.tag(4, WireType.Bit32).float(attribute.float)
  if ('bool' in attribute) return writer.tag(5, WireType.Varint).bool(attribute.bool)
  if ('string' in attribute) return writer.tag(2, WireType.LengthDelimited).string(attribute.string)
  if ('shape' in attribute) return writeShape(writer.tag(7, WireType.LengthDelimited).fork(), attribute.shape).join()
  if ('tensor' in attribute) return writeTensor(writer.tag(8, WireType.LengthDelimited).fork(), attribute.tensor).join()
  if ('func' in attribute)
    return writer
      .tag(10, WireType.LengthDelimited)
      .fork()
      .tag(1, WireType.LengthDelimited)
      .string(attribute.func)
      .join()
  writer.tag(1, WireType.LengthDelimited).fork()
  for (const type of attribute.types) writer.tag(6, WireType.Varint).int32(tensorFlowType[type])
  return writer.join()
}

function writeShape(writer: BinaryWriter, shape: readonly number[]): BinaryWriter {
  for (const size of shape) writer.tag(2, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int64(size).join()
  return writer
}

function writeTensor(writer: BinaryWriter, { type, shape, data }: ConstantTensor): BinaryWriter {
  writer.tag(1, WireType.Varint).int32(tensorFlowType[type])
  writeShape(writer.tag(2, WireType.LengthDelimited).fork(), shape).join()
  return writer.tag(4, WireType.LengthDelimited).bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}

function writeFunction(writer: BinaryWriter, { name, inputs, outputs, nodes }: FunctionDef): BinaryWriter {
  writer.tag(1, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).string(name)
  for (const [field, list] of [
    [2, inputs],
    [3, outputs]
  ] as const) {
    for (const argument of list) {
      writer.tag(field, WireType.LengthDelimited).fork()
      writer
        .tag(1, WireType.LengthDelimited)
        .string(argument.name)
        .tag(3, WireType.Varint)
        .int32(tensorFlowType[argument.type])
      writer.join()
    }
  }
  writer.join()
  for (const node of nodes) writeNode(writer.tag(3, WireType.LengthDelimited).fork(), node).join()
  for (const output of outputs) {
    writer.tag(4, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.LengthDelimited).string(output.name).tag(2, WireType.LengthDelimited).string(output.from)
    writer.join()
  }
  return writer
}
