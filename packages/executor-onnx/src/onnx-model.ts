import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** Element types of ONNX tensors that we write (onnx.proto3, `TensorProto.DataType`). */
export const onnxType = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16
} as const

/** A name of an element type in {@link onnxType}. */
export type OnnxType = keyof typeof onnxType

/** An attribute of a node: integers and floats are distinguished by their key. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly string: string }

/** A node of an ONNX graph; an empty input name means "left out". */
export interface OnnxNode {
  readonly op: string
  readonly domain?: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>
}

/** A named tensor of fixed shape. */
interface OnnxValueInfo {
  readonly name: string
  readonly type: OnnxType
  readonly shape: readonly number[]
}

/** A list of tensors. */
export interface OnnxSequence {
  readonly name: string
  readonly sequenceOf: OnnxType
}

/** A constant inside the model. */
export interface OnnxInitializer extends OnnxValueInfo {
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array
}

/** What {@link encodeModel} writes. */
export interface OnnxGraph {
  readonly name: string
  /** Of the standard domain; default {@link OPSET}. */
  readonly opset?: number
  readonly nodes: readonly OnnxNode[]
  readonly inputs: readonly OnnxValueInfo[]
  readonly outputs: readonly (OnnxValueInfo | OnnxSequence)[]
  readonly initializers: readonly OnnxInitializer[]
}

/** What every execution provider has. */
export const OPSET = 17
/** The first one with BitCast, which weights at rest are restored by. */
export const BIT_CAST_OPSET = 26
/** The format of the file that an opset begins with (onnx/docs/Versioning.md). */
const IR_VERSIONS: Readonly<Record<number, number>> = { [OPSET]: 8, [BIT_CAST_OPSET]: 13 }

/** Encodes a ModelProto (the opset of the graph, and com.microsoft 1). Field numbers: onnx/onnx.proto3. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const { opset = OPSET } = graph
  const model = new BinaryWriter()
  model.tag(1, WireType.Varint).int64(IR_VERSIONS[opset])
  model.tag(2, WireType.LengthDelimited).string('skipwise')
  model.tag(7, WireType.LengthDelimited).fork()
  for (const node of graph.nodes) writeNode(model.tag(1, WireType.LengthDelimited).fork(), node).join()
  model.tag(2, WireType.LengthDelimited).string(graph.name)
  for (const initializer of graph.initializers)
    writeTensor(model.tag(5, WireType.LengthDelimited).fork(), initializer).join()
  for (const input of graph.inputs) writeValueInfo(model.tag(11, WireType.LengthDelimited).fork(), input).join()
  for (const output of graph.outputs) writeValueInfo(model.tag(12, WireType.LengthDelimited).fork(), output).join()
  model.join()
  for (const [domain, version] of [
    ['', opset],
    ['com.microsoft', 1]
  ] as const) {
    model.tag(8, WireType.LengthDelimited).fork()
    model.tag(1, WireType.LengthDelimited).string(domain)
    model.tag(2, WireType.Varint).int64(version)
    model.join()
  }
  return model.finish()
}

function writeNode(writer: BinaryWriter, node: OnnxNode): BinaryWriter {
  for (const input of node.inputs) writer.tag(1, WireType.LengthDelimited).string(input)
  for (const output of node.outputs) writer.tag(2, WireType.LengthDelimited).string(output)
  writer.tag(4, WireType.LengthDelimited).string(node.op)
  for (const [name, attribute] of Object.entries(node.attributes ?? {}))
    writeAttribute(writer.tag(5, WireType.LengthDelimited).fork(), name, attribute).join()
  if (node.domain) writer.tag(7, WireType.LengthDelimited).string(node.domain)
  return writer
}

function writeAttribute(writer: BinaryWriter, name: string, attribute: OnnxAttribute): BinaryWriter {
  writer.tag(1, WireType.LengthDelimited).string(name)
  if ('float' in attribute)
    return writer.tag(2, WireType.Bit32).float(attribute.float).tag(20, WireType.Varint).int32(1)
  if ('int' in attribute) return writer.tag(3, WireType.Varint).int64(attribute.int).tag(20, WireType.Varint).int32(2)
  if ('string' in attribute)
    return writer.tag(4, WireType.LengthDelimited).string(attribute.string).tag(20, WireType.Varint).int32(3)
  writer.tag(8, WireType.LengthDelimited).fork()
  for (const value of attribute.ints) writer.int64(value)
  return writer.join().tag(20, WireType.Varint).int32(7)
}

function writeTensor(writer: BinaryWriter, { name, type, shape, data }: OnnxInitializer): BinaryWriter {
  writer.tag(1, WireType.LengthDelimited).fork()
  for (const size of shape) writer.int64(size)
  writer.join()
  writer.tag(2, WireType.Varint).int32(onnxType[type])
  writer.tag(8, WireType.LengthDelimited).string(name)
  return writer.tag(9, WireType.LengthDelimited).bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}

function writeValueInfo(writer: BinaryWriter, value: OnnxValueInfo | OnnxSequence): BinaryWriter {
  writer.tag(1, WireType.LengthDelimited).string(value.name).tag(2, WireType.LengthDelimited).fork()
  if ('sequenceOf' in value) {
    writer.tag(4, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).fork()
    writeTensorType(writer, value.sequenceOf).join().join()
  } else writeTensorType(writer, value.type, value.shape)
  return writer.join()
}

/** A TypeProto's tensor; of any shape where none is given. */
function writeTensorType(writer: BinaryWriter, type: OnnxType, shape?: readonly number[]): BinaryWriter {
  writer.tag(1, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(onnxType[type])
  if (shape) {
    writer.tag(2, WireType.LengthDelimited).fork()
    for (const size of shape) writer.tag(1, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int64(size).join()
    writer.join()
  }
  return writer.join()
}
