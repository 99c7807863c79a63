import { SkipwiseError } from '@skipwise/core'
import { readFileSync } from 'node:fs'

/** What a refusal of the operating system means and what helps. */
const REFUSALS: Readonly<Record<string, readonly [problem: string, fix: string]>> = {
  EACCES: ['permission denied', 'give this user permission, or use another path'],
  EPERM: ['permission denied', 'give this user permission, or use another path'],
  EROFS: ['the file system is read-only', 'use another path'],
  EISDIR: ['it is a folder, and a file is needed', 'pass a file'],
  ENOTDIR: ['it is a file, and a folder is needed', 'pass a folder'],
  ENOENT: ['it does not exist', 'check the name'],
  ELOOP: ['its links form a loop', 'use the file itself'],
  ENAMETOOLONG: ['the name is too long', 'use a shorter one'],
  EMFILE: ['this process has too many open files', 'raise the limit: ulimit -n 1024'],
  ENFILE: ['the system has too many open files', 'close other programs'],
  ENOMEM: ['the system has no memory left', 'close other programs, or use a smaller model'],
  EIO: ['the device reports an input/output error', 'check the disk']
}

/** Memory that JavaScript was not given, as V8 says it. */
const MEMORY =
  /^(Array buffer allocation failed|Invalid (array|string|typed array) length|Cannot create a string longer)/

/**
 * What the operating system or the engine refused, as an error with a code: `DISK_FULL`, `CLI_SYSTEM` or `CLI_MEMORY`;
 * any other error is handed back as it is. Verbs name such refusals themselves where they know more.
 */
export function namedError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if (error instanceof RangeError && MEMORY.test(error.message)) {
    return new SkipwiseError('CLI_MEMORY', {
      problem: `out of memory (${error.message})`,
      fix: 'use smaller files or a smaller model',
      cause: error
    })
  }
  if ('code' in error && error.code === 'ERR_MODULE_NOT_FOUND' && mayOpenFew()) {
    // Node takes a package.json that it cannot open for one that is not there.
    const [problem, fix] = REFUSALS['EMFILE']
    return new SkipwiseError('CLI_SYSTEM', {
      problem: `a module cannot be read: ${problem} (EMFILE)`,
      fix,
      cause: error
    })
  }
  if (!('code' in error) || typeof error.code !== 'string' || !('syscall' in error)) return error
  const { code } = error
  const path = 'path' in error && typeof error.path === 'string' ? error.path : String(error.syscall)
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new SkipwiseError('DISK_FULL', {
      problem: `${path} cannot be written (${code})`,
      fix: 'free disk space, and run the same command again',
      cause: error
    })
  const [problem, fix] = REFUSALS[code] ?? ['the system refused', 'look up the code']
  return new SkipwiseError('CLI_SYSTEM', { problem: `${path}: ${problem} (${code})`, fix, cause: error })
}

/** Open files that loading modules takes at most; systems allow 256 or more. */
const FEW_FILES = 256

/** Whether this process may open so few files that loading modules fails. */
function mayOpenFew(): boolean {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return Number(limit) < FEW_FILES
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EMFILE'
  }
}
