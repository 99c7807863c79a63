import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import golden from '../golden/event-file.json' with { type: 'json' }
import { crc32c } from './event-file.js'
import { MetricsLog, readMetrics } from './metrics-log.js'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'skipwise-metrics-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const events = () => readFileSync(join(folder, 'events.out.tfevents.0000000000.skipwise'))
const at = (step: number) => new Date(Date.UTC(2026, 10, 24, 12, 0, step))

test.each([
  ['123456789', 0xe3069283],
  ['', 0],
  ['\0'.repeat(32), 0x8a9136aa]
])('CRC-32C of %j is the published one (RFC 3720, B.4)', (text, expected) =>
  expect(crc32c(Buffer.from(text, 'latin1'))).toBe(expected)
)

test(`the event file has the bytes that ${golden.origin} reads back as the same scalars`, () => {
  const log = new MetricsLog(folder)
  for (const { step, scalars } of golden.events) log.write(step, scalars, at(step))
  expect(events().subarray(golden.header).toString('base64')).toBe(golden.bytes)
})

describe('the log of a run', () => {
  test('has a line a step', () => {
    const log = new MetricsLog(folder)
    log.write(1, { loss: 2.5 }, at(1))
    log.write(2, { loss: Number.NaN, validation: 3 }, at(2))
    expect(readFileSync(join(folder, 'metrics.jsonl'), 'utf8')).toBe(
      '{"step":1,"time":"2026-11-24T12:00:01.000Z","loss":2.5}\n{"step":2,"time":"2026-11-24T12:00:02.000Z","loss":null,"validation":3}\n'
    )
  })

  test('of a run that goes on is that of one that was never stopped, also after a line cut off', () => {
    const whole = new MetricsLog(folder)
    const write = (log: MetricsLog, from: number, to: number) => {
      for (let step = from; step <= to; step++) log.write(step, { loss: 3 - step / 10, learningRate: 1e-3 }, at(step))
    }
    write(whole, 1, 6)
    const [lines, bytes] = [readFileSync(join(folder, 'metrics.jsonl'), 'utf8'), events()]
    rmSync(folder, { recursive: true })
    write(new MetricsLog(folder), 1, 4)
    appendFileSync(join(folder, 'metrics.jsonl'), '{"step":5,"ti')
    writeFileSync(join(folder, 'events.out.tfevents.0000000000.skipwise'), events().subarray(0, -7))
    // the state was saved after step 3
    write(new MetricsLog(folder), 4, 6)
    expect(readFileSync(join(folder, 'metrics.jsonl'), 'utf8')).toBe(lines)
    expect(events()).toEqual(bytes)
    expect(readMetrics(folder).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('in a folder that cannot be made says so', () => {
    writeFileSync(join(folder, 'file'), '')
    expect(() => new MetricsLog(join(folder, 'file', 'metrics')).write(1, {})).toThrow('TRAINING_METRICS')
  })
})
