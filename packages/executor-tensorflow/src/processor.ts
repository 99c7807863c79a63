import { readFileSync } from 'node:fs'

/** What Linux calls instructions for bfloat16: AVX-512, AMX, AVX-NE-CONVERT, and those of Arm. */
const FLAGS = /\b(avx512_bf16|amx_bf16|avx_ne_convert|bf16)\b/

/** Whether the processor multiplies bfloat16 numbers itself; true where that is unknown, outside Linux. */
export function hasBfloat16(file = '/proc/cpuinfo'): boolean {
  try {
    return FLAGS.test(readFileSync(file, 'utf8'))
  } catch {
    return true
  }
}
