import { TemplateFault } from './template-fault.js'
import { trimEnd, trimStart, WHITE } from './white-space.js'

const WORD = new RegExp(`[^${WHITE}]+`, 'g')
const LAST_WORD = new RegExp(`[^${WHITE}]+$`)

/** `split()` at white space, at most `limit` times, from the beginning or the end. */
export function splitWords(text: string, limit: number, fromEnd: boolean): string[] {
  if (limit === Infinity) return text.match(WORD) ?? []
  return fromEnd ? wordsFromEnd(text, limit) : wordsFromBegin(text, limit)
}

function wordsFromBegin(text: string, limit: number): string[] {
  const words: string[] = []
  let rest = trimStart(text)
  while (rest !== '' && words.length < limit) {
    const [word] = rest.match(WORD) ?? ['']
    words.push(word)
    rest = trimStart(rest.slice(word.length))
  }
  return rest === '' ? words : [...words, rest]
}

function wordsFromEnd(text: string, limit: number): string[] {
  const words: string[] = []
  let rest = trimEnd(text)
  while (rest !== '' && words.length < limit) {
    const [word] = LAST_WORD.exec(rest) ?? ['']
    words.push(word)
    rest = trimEnd(rest.slice(0, rest.length - word.length))
  }
  return (rest === '' ? words : [...words, rest]).reverse()
}

/**
 * `split(separator)`, at most `limit` times, from the beginning or the end. @throws TemplateFault for an empty
 * separator
 */
export function splitFrom(text: string, separator: string, limit: number, fromEnd: boolean): string[] {
  if (separator === '') throw new TemplateFault('empty separator')
  if (fromEnd) return splitBackwards(text, separator, limit)
  const parts = text.split(separator)
  return parts.length - 1 <= limit ? parts : [...parts.slice(0, limit), parts.slice(limit).join(separator)]
}

/** Where separators could overlap, those found from the end count. */
function splitBackwards(text: string, separator: string, limit: number): string[] {
  const parts: string[] = []
  let end = text.length
  while (parts.length < limit) {
    const at = end >= separator.length ? text.lastIndexOf(separator, end - separator.length) : -1
    if (at < 0) break
    parts.push(text.slice(at + separator.length, end))
    end = at
  }
  return [...parts, text.slice(0, end)].reverse()
}

const LINE = /[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]|$)/g
const LINE_END = /(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])$/

/** `splitlines`, at every line end that Python knows. */
export function splitLines(text: string, keepEnds: boolean): string[] {
  const lines = (text.match(LINE) ?? []).filter(line => line !== '')
  return keepEnds ? lines : lines.map(line => line.replace(LINE_END, ''))
}
