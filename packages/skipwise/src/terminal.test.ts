import { SkipwiseError, SkipwiseErrors } from '@skipwise/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { coloursOf, printable } from './colours.js'
import { ERRORS_PRINTED, INTERNAL_CHARACTERS } from './limits.js'
import { describe as describeProgress } from './progress.js'
import { openTerminal, reportError } from './terminal.js'

const EVIL = 'name\u001b]0;pwned\u0007\u001b[31m\r\u009b2J\u202e'
const SHOWN = 'name\\x1b]0;pwned\\x07\\x1b[31m\\r\\x9b2J\\u202e'

let out = ''
let err = ''
beforeEach(() => {
  out = ''
  err = ''
  vi.stubEnv('SKIPWISE_DEBUG', '1')
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    out += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation(text => {
    err += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

test('a line for people shows what a terminal would obey', () => {
  openTerminal(false, new AbortController().signal).say(`two\n${EVIL}\tlines`)
  expect(out).toBe(`two\n${SHOWN}\tlines\n`)
})

test('a result is JSON that a terminal does not obey', () => {
  openTerminal(true, new AbortController().signal).result({ [EVIL]: EVIL })
  expect(out).not.toMatch(/[\u007f-\u009f\u202e\u001b]/)
  expect(JSON.parse(out)).toEqual({ [EVIL]: EVIL })
})

test('errors, ours and others, show it too, with their stacks', () => {
  reportError(new SkipwiseError('A_CODE', { problem: EVIL, fix: EVIL }))
  reportError(new Error(EVIL))
  reportError(EVIL)
  expect(err).not.toMatch(/[^\n\t\u0020-\u007e\u00a0-\uffff]|\u202e/)
  expect(err).toContain(`A_CODE: ${SHOWN}: ${SHOWN}\n`)
  expect(err).toContain(`INTERNAL: ${SHOWN}: set SKIPWISE_DEBUG=1`)
})

test('an error of 20 MB and ten thousand errors are short', () => {
  reportError(new Error('x'.repeat(20_000_000)))
  expect(err.length).toBeLessThan(3 * INTERNAL_CHARACTERS)
  err = ''
  vi.stubEnv('SKIPWISE_DEBUG', undefined)
  reportError(
    new SkipwiseErrors(
      Array.from({ length: 10_000 }, (_, i) => new SkipwiseError('A_CODE', { problem: `p${i}`, fix: 'f' }))
    )
  )
  expect(err.trim().split('\n').slice(-2)).toEqual([
    `A_CODE: p${ERRORS_PRINTED - 1}: f`,
    `and ${10_000 - ERRORS_PRINTED} more`
  ])
})

test('progress shows it', () => {
  const metrics = { [EVIL]: 1 }
  const text = describeProgress({ task: EVIL, done: 1, total: 2, unit: EVIL, metrics }, 1, 1)
  expect(text.split(SHOWN)).toHaveLength(5)
  expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/)
})

test('our own colours arrive on a terminal, and no others', () => {
  vi.stubEnv('NO_COLOR', undefined)
  vi.stubEnv('TERM', 'xterm')
  const { bold, red } = coloursOf({ isTTY: true })
  expect(printable(`${bold(`a ${EVIL}`)} ${EVIL}`)).toBe(`\u001b[1ma ${SHOWN}\u001b[22m ${SHOWN}`)
  expect(printable(bold(`a ${red('b')}`))).toBe('\u001b[1ma \u001b[31mb\u001b[39m\u001b[22m')
  expect(printable(coloursOf({ isTTY: false }).bold('a'))).toBe('a')
})
