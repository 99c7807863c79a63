/*
 * Python's title case: U+01F3 and the like become U+01F2, and a letter whose upper case is several becomes the first
 * of these and the others in lower case.
 * The Greek letters with an iota below, whose title case is a letter of its own, are in the table.
 */
const TITLE_CASES: ReadonlyMap<string, string> = titleCases()

function titleCases(): Map<string, string> {
  const cases = new Map<string, string>()
  // DŽ Dž dž, LJ, NJ; DZ
  for (const first of [0x1c4, 0x1c7, 0x1ca, 0x1f1])
    for (let i = 0; i < 3; i++) cases.set(String.fromCharCode(first + i), String.fromCharCode(first + 1))
  // ᾀ to ᾯ: lower 0-7, title 8-f
  for (const block of [0x1f80, 0x1f90, 0x1fa0])
    for (let i = 0; i < 16; i++) cases.set(String.fromCharCode(block + i), String.fromCharCode(block + (i % 8) + 8))
  for (const [lower, title] of [
    [0x1fb3, 0x1fbc],
    [0x1fc3, 0x1fcc],
    [0x1ff3, 0x1ffc]
  ])
    for (const code of [lower, title]) cases.set(String.fromCharCode(code), String.fromCharCode(title))
  // ᾲ ῂ ῲ ᾴ ῄ ῴ keep their accents before the iota
  const accented: readonly (readonly [number, number])[] = [
    [0x1fb2, 0x1fba],
    [0x1fb4, 0x386],
    [0x1fc2, 0x1fca],
    [0x1fc4, 0x389],
    [0x1ff2, 0x1ffa],
    [0x1ff4, 0x38f]
  ]
  for (const [lower, upper] of accented) cases.set(String.fromCharCode(lower), `${String.fromCharCode(upper)}\u0345`)
  for (const [lower, upper] of [
    [0x1fb7, 0x391],
    [0x1fc7, 0x397],
    [0x1ff7, 0x3a9]
  ])
    cases.set(String.fromCharCode(lower), `${String.fromCharCode(upper)}\u0342\u0345`)
  cases.set('\u0149', '\u02bcN')
  // Georgian has capitals for whole words, not for the beginning of one
  for (let code = 0x10d0; code <= 0x10ff; code++) cases.set(String.fromCharCode(code), String.fromCharCode(code))
  return cases
}

/** The title case of a character. */
function titleOf(character: string): string {
  const own = TITLE_CASES.get(character)
  if (own !== undefined) return own
  const [first, ...others] = character.toUpperCase()
  return first + others.join('').toLowerCase()
}

const CASED = /[\p{Lowercase}\p{Uppercase}\p{Lt}]/u

/** `str.title`: upper case for a letter after a character without case, lower case for the others. */
export function titleText(text: string): string {
  let afterCased = false
  let titled = ''
  let at = 0
  for (const character of text) {
    titled += afterCased ? lowerAt(text, at, character) : titleOf(character)
    afterCased = CASED.test(character)
    at += character.length
  }
  return titled
}

/** Characters that a final sigma looks at on each side. */
const NEAR = 16

function lowerAt(text: string, at: number, character: string): string {
  if (character !== 'Σ') return character.toLowerCase()
  const before = text.slice(Math.max(0, at - NEAR), at)
  const lower = (before + text.slice(at, at + NEAR)).toLowerCase()
  return lower[before.toLowerCase().length]
}

/** `str.capitalize`. */
export function capitalizeText(text: string): string {
  const [first] = text
  if (first === undefined) return ''
  // for the whole text: a sigma at the end of a word depends on the characters before it
  return titleOf(first) + text.toLowerCase().slice(first.toLowerCase().length)
}

/** `str.swapcase`. */
export const swapText = (text: string): string =>
  Array.from(text, character => (/\p{Lu}/u.test(character) ? character.toLowerCase() : character.toUpperCase())).join(
    ''
  )

/** `str.islower`, `str.isupper`: some character has a case, and all that have one have this. */
export const isLower = (text: string): boolean => /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text)
export const isUpper = (text: string): boolean => /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text)

/** `str.istitle`. */
export function isTitle(text: string): boolean {
  let afterCased = false
  let found = false
  for (const character of text) {
    const begins = /[\p{Uppercase}\p{Lt}]/u.test(character)
    if ((begins && afterCased) || (!begins && CASED.test(character) && !afterCased)) return false
    afterCased = CASED.test(character)
    found ||= afterCased
  }
  return found
}
