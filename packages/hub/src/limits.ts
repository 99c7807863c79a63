const MIB = 2 ** 20

/** Bounds of downloads; tests set lower ones. */
export interface HubLimits {
  /** Bytes of one answer of the API: a commit, a page of files. */
  readonly answerBytes: number
  /** Milliseconds of one such answer, from the request to its last byte. */
  readonly answerTime: number
  /** Pages of one list of files. */
  readonly pages: number
  /** Files of a model that are downloaded. */
  readonly files: number
  /** Bytes of a file without weights. */
  readonly companionBytes: number
  /** Milliseconds of waiting in which {@link paceBytes} must come, and before an answer begins. */
  readonly paceTime: number
  /** Bytes that must come in each {@link paceTime} of waiting. */
  readonly paceBytes: number
  /** Tries in a row that bring less than {@link paceBytes}. */
  readonly tries: number
  /** Milliseconds before the second try; doubled before each further one. */
  readonly retryDelay: number
  /** Longest wait before a try in milliseconds, also where the Hub asks for more. */
  readonly longestDelay: number
}

/** The limits of a download. The largest real answer is about 1 MiB, the largest tokenizer 35 MB. */
export const HUB_LIMITS: HubLimits = {
  answerBytes: 16 * MIB,
  answerTime: 120_000,
  pages: 100,
  files: 2000,
  companionBytes: 256 * MIB,
  paceTime: 30_000,
  paceBytes: 2 ** 15,
  tries: 4,
  retryDelay: 1000,
  longestDelay: 30_000
}

const { answerBytes, answerTime, pages, files, companionBytes, paceTime, paceBytes, tries, longestDelay } = HUB_LIMITS

/** Rows of the table in docs/security.md. */
export const limits = [
  {
    what: 'an answer of the Hub: a commit, a page of files',
    bound: `${answerBytes / MIB} MiB, ${answerTime / 1000} s`,
    then: '`HUB_LIMIT`; `HUB_SLOW` after the tries'
  },
  { what: 'pages of a list of files of the Hub', bound: `${pages}`, then: '`HUB_LIMIT`' },
  { what: 'files of one model of the Hub', bound: `${files}`, then: '`HUB_LIMIT`, before any is downloaded' },
  {
    what: 'a file of the Hub without weights',
    bound: `${companionBytes / MIB} MiB`,
    then: '`HUB_LIMIT`, before it is downloaded'
  },
  {
    what: 'a file of the Hub with weights',
    bound: 'the size that is listed; the free space of the disk',
    then: '`HUB_DAMAGED`; `DISK_FULL`'
  },
  {
    what: 'the pace of the Hub',
    bound: `${paceBytes / 1024} KiB in ${paceTime / 1000} s of waiting`,
    then: 'the connection is closed and the download goes on with another'
  },
  {
    what: 'tries of a request that bring less than that',
    bound: `${tries}, with up to ${longestDelay / 1000} s between them`,
    then: '`HUB_SLOW`, `HUB_INTERRUPTED`, `HUB_OFFLINE` or `HUB_FAILED`'
  }
] as const
