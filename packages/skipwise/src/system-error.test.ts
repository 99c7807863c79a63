import { isSkipwiseError } from '@skipwise/core'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { namedError } from './system-error.js'

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

test.each([
  ['a folder that is read', () => readFileSync(tmpdir()), 'CLI_SYSTEM', /folder, and a file is needed \(EISDIR\)/],
  [
    'a file that is not there',
    () => openSync(join(tmpdir(), 'no', 'such'), 'r'),
    'CLI_SYSTEM',
    /no.such: it does not exist \(ENOENT\)/
  ],
  ['a name that is too long', () => openSync(join(tmpdir(), 'n'.repeat(5000)), 'r'), 'CLI_SYSTEM', /too long/],
  ['a full disk', () => writeFileSync('/dev/full', 'text'), 'DISK_FULL', /ENOSPC/],
  ['an array that cannot be', () => new Array(-1), 'CLI_MEMORY', /out of memory/],
  ['a text that cannot be', () => 'x'.repeat(2 ** 29), 'CLI_MEMORY', /./]
])('%s has a code', (_, run, code, problem) => {
  const named = namedError(thrownBy(run))
  if (!isSkipwiseError(named)) throw new Error(String(named))
  expect([named.code, named.problem]).toEqual([code, expect.stringMatching(problem)])
})

test('any other error stays what it is', () => {
  for (const error of [new Error('a fault of ours'), new TypeError('undefined is not a function'), 'text', undefined])
    expect(namedError(error)).toBe(error)
})
