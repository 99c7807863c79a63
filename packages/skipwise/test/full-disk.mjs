// Preloaded by a test: every file handle stops writing after SKIPWISE_TEST_DISK bytes in all, as a full disk does, or
// with SKIPWISE_TEST_DISK_ERROR=EROFS one that was mounted read-only.
import { open } from 'node:fs/promises'

const code = process.env.SKIPWISE_TEST_DISK_ERROR ?? 'ENOSPC'
let left = Number(process.env.SKIPWISE_TEST_DISK)
const handle = await open(process.execPath)
const prototype = Object.getPrototypeOf(handle)
const { write } = prototype
await handle.close()
prototype.write = function (data, ...rest) {
  left -= data.length
  if (left < 0) return Promise.reject(Object.assign(new Error(`${code}: write`), { code }))
  return write.call(this, data, ...rest)
}
