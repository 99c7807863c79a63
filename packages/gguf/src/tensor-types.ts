/** How numbers of a tensor lie in a GGUF file. */
export interface TensorType {
  /** As ggml names it. */
  readonly name: string
  /** Numbers of a block; a row is a whole number of blocks. */
  readonly block: number
  /** Bytes of a block. */
  readonly bytes: number
}

const type = (name: string, block: number, bytes: number): TensorType => ({ name, block, bytes })

/** Types by their number in a file (`ggml_type` of ggml.h). */
export const tensorTypes: ReadonlyMap<number, TensorType> = new Map([
  [0, type('F32', 1, 4)],
  [1, type('F16', 1, 2)],
  [2, type('Q4_0', 32, 18)],
  [3, type('Q4_1', 32, 20)],
  [6, type('Q5_0', 32, 22)],
  [7, type('Q5_1', 32, 24)],
  [8, type('Q8_0', 32, 34)],
  [9, type('Q8_1', 32, 40)],
  [10, type('Q2_K', 256, 84)],
  [11, type('Q3_K', 256, 110)],
  [12, type('Q4_K', 256, 144)],
  [13, type('Q5_K', 256, 176)],
  [14, type('Q6_K', 256, 210)],
  [15, type('Q8_K', 256, 292)],
  [16, type('IQ2_XXS', 256, 66)],
  [17, type('IQ2_XS', 256, 74)],
  [18, type('IQ3_XXS', 256, 98)],
  [19, type('IQ1_S', 256, 50)],
  [20, type('IQ4_NL', 32, 18)],
  [21, type('IQ3_S', 256, 110)],
  [22, type('IQ2_S', 256, 82)],
  [23, type('IQ4_XS', 256, 136)],
  [24, type('I8', 1, 1)],
  [25, type('I16', 1, 2)],
  [26, type('I32', 1, 4)],
  [27, type('I64', 1, 8)],
  [28, type('F64', 1, 8)],
  [29, type('IQ1_M', 256, 56)],
  [30, type('BF16', 1, 2)],
  [34, type('TQ1_0', 256, 54)],
  [35, type('TQ2_0', 256, 66)],
  [39, type('MXFP4', 32, 17)],
  [40, type('NVFP4', 64, 36)],
  [41, type('Q1_0', 128, 18)]
])

/** A type that can be written. */
export type WritableType = 'F32' | 'F16' | 'BF16' | 'Q8_0'

/** Their numbers in a file. */
export const TYPE_NUMBERS: Readonly<Record<WritableType, number>> = { F32: 0, F16: 1, Q8_0: 8, BF16: 30 }

/** The type of a name, which must be one that can be written. */
export const writableType = (name: WritableType): TensorType => tensorTypes.get(TYPE_NUMBERS[name]) as TensorType

/** Bytes of a tensor of so many numbers, whose rows are whole blocks. */
export const bytesOf = ({ block, bytes }: TensorType, numbers: number): number => (numbers / block) * bytes

/** Numbers of a tensor of a shape. */
export const numbersIn = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)
