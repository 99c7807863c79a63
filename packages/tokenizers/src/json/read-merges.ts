import { invalid } from '../read-json.js'
import type { JsonSection } from './json-sections.js'
import { JsonUnits } from './json-units.js'
import { MergeTable } from './merge-table.js'
import type { Vocabulary } from './model.js'

/**
 * The merges of a BPE model: pairs, or, in files from before 2024, texts with a space between the two.
 *
 * @param prefix the prefix of the second token of a pair, which the merged token does not have
 * @throws SkipwiseError `TOKENIZER_INVALID`
 */
export function readMerges(value: unknown, { idOf }: Vocabulary, prefix: string, file: string): MergeTable {
  if (!Array.isArray(value)) throw invalid(file, 'model.merges is not a list')
  const merges: readonly unknown[] = value
  const table = new MergeTable()
  const pairs = Array.isArray(merges[0])
  let rank = 0
  for (let i = 0; i < merges.length; i++) {
    const merge = merges[i]
    if (!pairs && typeof merge === 'string' && merge.startsWith(VERSION)) continue
    const parts = pairs ? pairOf(merge) : typeof merge === 'string' ? cutOf(merge) : undefined
    if (!parts) throw invalid(file, `model.merges[${i}] is not a pair of tokens`)
    const [first, second] = parts
    const left = idOf.findText(first, 0, first.length)
    const right = idOf.findText(second, 0, second.length)
    const joined = first + second.slice(prefix.length)
    const merged = left >= 0 && right >= 0 ? idOf.get(joined) : undefined
    if (merged === undefined)
      throw invalid(file, `model.merges[${i}] takes or makes a token that is not in the vocabulary`)
    table.set(idOf.idAt(left), idOf.idAt(right), rank, merged)
    rank++
  }
  return table
}

const SPACE = 0x20
const COMMA = 0x2c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d

/** The first line of a merges.txt, which some files still have. */
const VERSION = '#version'

/**
 * The same for a list in the bytes of a file, where no token has a prefix.
 *
 * @returns undefined for input that {@link readMerges} has to read: lines that are not merges, what it refuses, and
 * broken JSON
 */
export function scanMerges({ bytes, start }: JsonSection, { idOf }: Vocabulary): MergeTable | undefined {
  const json = new JsonUnits(bytes, start)
  if (!json.take(OPEN_LIST)) return undefined
  const table = new MergeTable()
  if (json.take(CLOSE_LIST)) return table
  const pairs = json.take(OPEN_LIST)
  if (pairs) json.at--
  let rank = 0
  do {
    let left = -1
    let right = -1
    if (pairs) {
      if (!json.take(OPEN_LIST) || !json.string()) return undefined
      left = idOf.find(json.units, 0, json.length, json.hash())
      if (!json.take(COMMA) || !json.string()) return undefined
      right = idOf.find(json.units, 0, json.length, json.hash())
      if (!json.take(CLOSE_LIST)) return undefined
    } else {
      if (!json.string()) return undefined
      const { units, length } = json
      const space = onlySpace(units, length)
      if (space <= 0 || startsWith(units, VERSION)) return undefined
      left = idOf.find(units, 0, space, json.hash(0, space))
      right = idOf.find(units, space + 1, length, json.hash(space + 1))
    }
    if (left < 0 || right < 0) return undefined
    const merged = idOf.findJoined(left, right)
    if (merged < 0) return undefined
    table.set(idOf.idAt(left), idOf.idAt(right), rank, idOf.idAt(merged))
    rank++
  } while (json.take(COMMA))
  return json.take(CLOSE_LIST) ? table : undefined
}

/** The place of the only space in some units; -1 where there is none or more than one. */
function onlySpace(units: Uint16Array, length: number): number {
  let space = -1
  for (let i = 0; i < length; i++) {
    if (units[i] !== SPACE) continue
    if (space >= 0) return -1
    space = i
  }
  return space
}

function startsWith(units: Uint16Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (units[i] !== text.charCodeAt(i)) return false
  return true
}

function cutOf(merge: string): readonly [string, string] | undefined {
  const space = merge.indexOf(' ')
  if (space <= 0 || merge.includes(' ', space + 1)) return undefined
  return [merge.slice(0, space), merge.slice(space + 1)]
}

function pairOf(merge: unknown): readonly [string, string] | undefined {
  if (!Array.isArray(merge) || merge.length !== 2) return undefined
  const [first, second]: readonly unknown[] = merge
  return typeof first === 'string' && typeof second === 'string' ? [first, second] : undefined
}
