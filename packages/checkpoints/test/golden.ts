import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A golden file made by tools/golden/checkpoints.py. */
export const golden = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, 'golden', name), 'utf8'))
