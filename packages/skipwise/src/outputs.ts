/**
 * Lets a command go on when nobody reads what it prints: `skipwise extend … | head -1` trains to the end, and so does a
 * command whose terminal was closed. Other failures of writing, as on a full disk, are reported.
 *
 * @param onFailed called with the first error of standard output that is not a reader who left
 */
export function outliveReaders(onFailed: (error: NodeJS.ErrnoException) => void): void {
  const isGone = ({ code }: NodeJS.ErrnoException) =>
    code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' || code === 'EIO'
  let isTold = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isTold || isGone(error)) return
    isTold = true
    onFailed(error)
  })
  // There is nowhere to tell it.
  process.stderr.on('error', () => undefined)
}
