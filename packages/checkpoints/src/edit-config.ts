import { isJsonNumber, jsonTokens, SkipwiseError, type JsonToken } from '@skipwise/core'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { writeFileAtomic } from './atomic.js'
import { CONFIG_FILE, printConfigValue, type ModelConfig } from './model-config.js'

/** Changes to one object of a `config.json`. */
export interface ConfigEdit {
  /** Path of the object in the file; `[]` at the top. */
  readonly path: readonly string[]
  /** New values by key; undefined removes a key. */
  readonly keys: Readonly<Record<string, unknown>>
}

/** A member of the edited object, with the offsets of its parts in the text. */
interface Member {
  readonly key: string
  readonly start: number
  readonly valueStart: number
  readonly end: number
}

/**
 * The text of a `config.json` with some keys of one object changed. Everything else stays as it is written: order,
 * white space, big integers, and numbers such as `30.0`, which a JavaScript number cannot keep and transformers 5
 * requires. A value that does not change stays too. Numbers in a changed object that the old one has under the same key
 * keep their spelling, except those that old versions of transformers require as floats.
 *
 * @param text JSON with an object at its root, as `JSON.parse` accepts it
 * @returns the changed text, in which a key that appeared twice appears once
 * @throws SkipwiseError `MODEL_CONFIG_INVALID` when there is no object at the path
 */
export function editConfigText(text: string, { path, keys }: ConfigEdit): string {
  const found = objectAt(text, path)
  if (found === undefined) throw invalid(`there is no object at ${JSON.stringify(path)}`)
  const { open, close, members } = found
  const style = styleOf(text, found)
  const separator = style.newline === '' ? ' ' : style.newline
  const counts = members.filter((member, i) => members.findLastIndex(({ key }) => key === member.key) === i)
  const kept = counts.filter(({ key }) => !Object.hasOwn(keys, key) || keys[key] !== undefined)
  const written = kept.map(member => {
    // the text before a member is removed with it: its line and its comma
    const index = members.indexOf(member)
    const before = index === 0 ? '' : text.slice(members[index - 1].end, member.start)
    const spelled = text.slice(member.valueStart, member.end)
    const value = keys[member.key]
    const same = !Object.hasOwn(keys, member.key) || sameScalar(spelled, value)
    return {
      before: before.includes(',') ? before : `,${separator}`,
      text: text.slice(member.start, member.valueStart) + (same ? spelled : printed(value, member.key, style, spelled))
    }
  })
  const present = new Set(counts.map(({ key }) => key))
  for (const [key, value] of Object.entries(keys)) {
    if (value !== undefined && !present.has(key))
      written.push({ before: `,${separator}`, text: `${JSON.stringify(key)}: ${printed(value, key, style)}` })
  }
  const [first, ...rest] = written
  if (first === undefined) return `${text.slice(0, open)}{}${text.slice(close + 1)}`
  const lead = members.length > 0 ? text.slice(open + 1, members[0].start) : style.newline
  const tail =
    members.length > 0
      ? text.slice(members[members.length - 1].end, close)
      : style.newline.slice(0, -style.step.length || undefined)
  const body = first.text + rest.map(member => member.before + member.text).join('')
  return `${text.slice(0, open + 1)}${lead}${body}${tail}${text.slice(close)}`
}

/**
 * Writes `config.json` of a model folder as a changed copy of another one, atomically: values of `config` that equal
 * those of the text keep their spelling, see {@link editConfigText}.
 *
 * @param text the text of the `config.json` that `config` was derived from
 * @throws SkipwiseError `DISK_FULL`, `CHECKPOINT_WRITE_FAILED`, `MODEL_CONFIG_INVALID`
 */
export async function writeChangedConfig(folder: string, text: string, config: ModelConfig): Promise<void> {
  const before: unknown = JSON.parse(text)
  const old = new Map(Object.entries(before ?? {}))
  const changed = Object.entries(config).filter(([key, value]) => !isDeepStrictEqual(old.get(key), value))
  const removed = [...old.keys()].filter(key => config[key] === undefined).map(key => [key, undefined] as const)
  await writeFileAtomic(
    join(folder, CONFIG_FILE),
    editConfigText(text, { path: [], keys: Object.fromEntries([...removed, ...changed]) })
  )
}

const invalid = (problem: string) =>
  new SkipwiseError('MODEL_CONFIG_INVALID', { problem, fix: 'download the file again or correct it' })

/** The layout of the file. */
interface Style {
  /** Text before a key of the object; empty for a file on one line. */
  readonly newline: string
  /** One step of indentation. */
  readonly step: string
}

interface FoundObject {
  readonly open: number
  readonly close: number
  readonly members: readonly Member[]
}

/** The object at a path; of equal keys the last counts, as for `JSON.parse`. */
function objectAt(text: string, path: readonly string[]): FoundObject | undefined {
  let object = objectFrom(text, 0)
  for (const key of path) {
    const member = object?.members.findLast(each => each.key === key)
    object = member === undefined ? undefined : objectFrom(text, member.valueStart)
  }
  return object
}

/** The members of the object that begins at an offset, without those of objects inside it. */
function objectFrom(text: string, offset: number): FoundObject | undefined {
  const members: Member[] = []
  let open: number | undefined
  let depth = 0
  let key: JsonToken | undefined
  let valueStart: number | undefined
  let last = offset
  const finish = () => {
    if (key !== undefined && valueStart !== undefined)
      members.push({ key: keyOf(text, key), start: key.start, valueStart, end: last })
    key = undefined
    valueStart = undefined
  }
  for (const token of jsonTokens(text, offset)) {
    const kind = text[token.start]
    if (open === undefined) {
      if (kind !== '{') return undefined
      open = token.start
      depth = 1
      continue
    }
    if (depth === 1 && kind === '}') {
      finish()
      return { open, close: token.start, members }
    }
    if (depth === 1 && kind === ',') finish()
    else if (depth === 1 && kind !== ':' && key === undefined) key = token
    else if (depth === 1 && kind !== ':') valueStart ??= token.start
    if (kind === '{' || kind === '[') depth++
    if (kind === '}' || kind === ']') depth--
    last = token.end
  }
  return undefined
}

function keyOf(text: string, { start, end }: JsonToken): string {
  const key: unknown = JSON.parse(text.slice(start, end))
  return String(key)
}

function styleOf(text: string, { open, members }: FoundObject): Style {
  const [first] = members
  const before = first === undefined ? '' : text.slice(open + 1, first.start)
  const newline = /\r?\n[ \t]*$/.exec(before)?.[0] ?? ''
  const outer = /(?:^|\n)([ \t]*)[^\n]*$/.exec(text.slice(0, open))?.[1] ?? ''
  const indent = newline.replace(/^\r?\n/, '')
  return { newline, step: indent.length > outer.length ? indent.slice(outer.length) : '  ' }
}

/** Whether the file has a scalar already, in any spelling. */
function sameScalar(spelled: string, value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return false
  return !/^[[{]/.test(spelled) && JSON.parse(spelled) === value
}

/** A value as it is written into the file. */
function printed(value: unknown, key: string, { newline, step }: Style, before?: string): string {
  const spellings = before === undefined ? new Map<string, string>() : spellingsIn(before)
  return printConfigValue(value, { key, newline, step, spellings })
}

/** The spelling of the numbers of a value, by their path. */
function spellingsIn(text: string): Map<string, string> {
  const spellings = new Map<string, string>()
  const path: (string | number)[] = []
  let key: string | undefined
  for (const { start, end } of jsonTokens(text, 0)) {
    const token = text.slice(start, end)
    const at = path.at(-1)
    if (token === '{') path.push('')
    else if (token === '[') path.push(0)
    else if (token === '}' || token === ']') path.pop()
    else if (token === ',' && typeof at === 'number') path[path.length - 1] = at + 1
    else if (token.startsWith('"') && typeof at === 'string' && key === undefined) {
      key = keyOf(text, { start, end })
      path[path.length - 1] = key
      continue
    } else if (isJsonNumber(token)) spellings.set(JSON.stringify(path), token)
    if (token !== ':') key = undefined
  }
  return spellings
}
