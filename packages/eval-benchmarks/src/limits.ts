/** What bounds the download of a split, and what a test sets lower. */
export const SPLIT_LIMITS = {
  /** Bytes of a split; the largest of a benchmark here has 30 MB. */
  bytes: 2 ** 32,
  /** Milliseconds in which {@link SPLIT_LIMITS.paceBytes} must come. */
  paceTime: 30_000,
  paceBytes: 2 ** 15
}

const { bytes, paceTime, paceBytes } = SPLIT_LIMITS

/** Rows of the table in docs/security.md. */
export const limits = [
  { what: 'a split of a benchmark from the Hub', bound: `${bytes / 2 ** 30} GiB`, then: '`BENCHMARK_HUB`' },
  {
    what: 'the pace of such a split',
    bound: `${paceBytes / 1024} KiB in ${paceTime / 1000} s`,
    then: '`BENCHMARK_HUB`'
  }
]
