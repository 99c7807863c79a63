import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hasBfloat16 } from './processor.js'

test('bfloat16 is had by its flag among those of the processor, and assumed where they cannot be read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skipwise-cpuinfo-'))
  const file = join(folder, 'cpuinfo')
  try {
    for (const [flags, has] of [
      ['avx512f avx512_vnni gfni', false],
      ['avx512_bf16 amx_tile', true],
      ['Features : asimd bf16 sve', true],
      ['avx_ne_convert', true],
      ['my_bf16_not', false]
    ] as const) {
      writeFileSync(file, `flags\t\t: fpu ${flags} fsrm\n`)
      expect(hasBfloat16(file), flags).toBe(has)
    }
    expect(hasBfloat16(join(folder, 'absent'))).toBe(true)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
