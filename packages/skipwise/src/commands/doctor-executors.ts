import { execFile, spawn } from 'node:child_process'
import { freemem, totalmem } from 'node:os'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import { isSkipwiseError, SkipwiseError } from '@skipwise/core'
import type { ExecutorLoader } from '@skipwise/runtime'
import { z } from 'zod'
import { colours } from '../colours.js'
import { loadParts } from '../parts.js'
import type { Terminal } from '../terminal.js'

/** What `skipwise doctor --executors` says of one way to run. */
export interface ExecutorReport {
  /** As `--executor` takes it. */
  readonly executor: string
  readonly usable: boolean
  /** The device in words, when it is usable. */
  readonly device?: string | undefined
  /** Type of matrix products; everything else is float32. */
  readonly precision: 'float32' | 'bfloat16'
  /** Why it is not usable, and what to do. */
  readonly reason?: string | undefined
}

/** The ways to run that come with Skipwise, as options. */
const ways = [
  { executor: 'onnx', precision: 'float32', name: 'onnx', config: {} },
  { executor: 'onnx:webgpu', precision: 'float32', name: 'onnx', config: { device: 'webgpu' } },
  { executor: 'onnx:cuda', precision: 'float32', name: 'onnx', config: { device: 'cuda' } },
  { executor: 'tensorflow', precision: 'float32', name: 'tensorflow', config: {} },
  { executor: 'tensorflow:bfloat16', precision: 'bfloat16', name: 'tensorflow', config: { dtype: 'bfloat16' } },
  { executor: 'tfjs:wasm', precision: 'float32', name: 'tfjs', config: { backend: 'wasm' } },
  { executor: 'tfjs:cpu', precision: 'float32', name: 'tfjs', config: { backend: 'cpu' } },
  { executor: 'tfjs:tensorflow', precision: 'float32', name: 'tfjs', config: { backend: 'tensorflow' } }
] as const

/**
 * `skipwise doctor --executors`: what can run here, on which device, with how much memory, and why the rest cannot.
 *
 * @param verbose open them in this process, where native libraries write to standard error what they like
 */
export async function doctorExecutors(
  terminal: Terminal,
  { verbose = false }: { verbose?: boolean } = {}
): Promise<number> {
  const reports = verbose ? await openEach() : await openEachQuietly(terminal.signal)
  const gpus = await nvidiaGpus()
  const memory = { totalMB: Math.round(totalmem() / 1e6), freeMB: Math.round(freemem() / 1e6) }
  if (terminal.json) {
    terminal.result({ memory, gpus, executors: reports })
    return 0
  }
  const width = Math.max(...reports.map(report => report.executor.length))
  terminal.say(`memory: ${(memory.totalMB / 1000).toFixed(1)} GB, ${(memory.freeMB / 1000).toFixed(1)} GB of it free`)
  terminal.say(
    `NVIDIA GPUs: ${gpus.map(gpu => `${gpu.name}, ${(gpu.memoryMB / 1000).toFixed(1)} GB`).join('; ') || 'none (nvidia-smi lists none)'}`
  )
  for (const { executor, usable, device, precision, reason } of reports) {
    const mark = usable ? colours.green('yes') : colours.red('no ')
    terminal.say(`${mark} ${executor.padEnd(width)}  ${usable ? `${device} · products in ${precision}` : reason}`)
  }
  return 0
}

/** Tries each way to run. */
async function openEach(): Promise<ExecutorReport[]> {
  const { registry } = await loadParts([process.cwd()])
  const reports: ExecutorReport[] = []
  for (const { executor, precision, name, config } of ways) {
    const loader = registry.resolveUnknown('executor', { name, config })
    reports.push({ executor, precision, ...(await tryOpening(loader)) })
  }
  return reports
}

const reportSchema = z.object({
  executor: z.string(),
  usable: z.boolean(),
  device: z.string().optional(),
  precision: z.enum(['float32', 'bfloat16']),
  reason: z.string().optional()
})
const answerSchema = z.looseObject({ executors: z.array(reportSchema) })

/**
 * The same in a process of its own: drivers and providers write warnings that do not help a user, and have no option
 * not to.
 */
async function openEachQuietly(signal: AbortSignal): Promise<ExecutorReport[]> {
  const cli = fileURLToPath(new URL('./cli.js', import.meta.url))
  const child = spawn(process.execPath, [cli, 'doctor', '--executors', '--json', '--verbose'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal
  })
  let answer = ''
  let said = ''
  child.stdout.on('data', (part: Buffer) => (answer += part.toString('utf8')))
  child.stderr.on('data', (part: Buffer) => (said = `${said}${part.toString('utf8')}`.slice(-4000)))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  if (code === 0) return answerSchema.parse(JSON.parse(answer)).executors
  throw new SkipwiseError('EXECUTOR_UNAVAILABLE', {
    problem: `a library crashed the process that opens the executors (exit code ${code}): ${said.trim()}`,
    fix: 'use skipwise doctor --executors --verbose to see which one'
  })
}

/** What nvidia-smi lists; nothing where there is no such command. */
async function nvidiaGpus(): Promise<{ name: string; memoryMB: number }[]> {
  try {
    const { stdout } = await promisify(execFile)(
      'nvidia-smi',
      ['--query-gpu=name,memory.total', '--format=csv,noheader,nounits'],
      { timeout: 10_000 }
    )
    return stdout
      .trim()
      .split('\n')
      .map(line => ({ name: line.split(', ')[0], memoryMB: Number(line.split(', ')[1]) }))
  } catch {
    return []
  }
}

async function tryOpening(loader: ExecutorLoader): Promise<{ usable: boolean; device?: string; reason?: string }> {
  try {
    const reason = await loader.unavailable()
    if (reason !== undefined) return { usable: false, reason }
    const executor = await loader.open()
    const { device } = executor
    await executor.dispose()
    return { usable: true, device }
  } catch (error) {
    return { usable: false, reason: isSkipwiseError(error) ? `${error.problem}; ${error.fix}` : String(error) }
  }
}
