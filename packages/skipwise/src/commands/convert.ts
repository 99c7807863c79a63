import { editConfigText, readConfigFile, stringifyConfig, writeFileAtomic } from '@skipwise/checkpoints'
import { visibleJsonText, type PluginReference, withoutUndefined } from '@skipwise/core'
import { locateModel } from '@skipwise/hub'
import { convertConfig, type ConvertedConfig, type Stack } from '@skipwise/interpolation'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { printable } from '../colours.js'
import { usageError } from '../errors.js'
import { loadParts, parseJson } from '../parts.js'
import type { Terminal } from '../terminal.js'

/** Options of `skipwise convert`. */
export interface ConvertCommandOptions {
  readonly to: Stack
  readonly scheme?: string
  readonly schemeConfig: string
  readonly target?: number
  readonly asLongrope?: boolean
  readonly keys: 'old' | 'new' | 'both'
  readonly output?: string
  readonly overwrite?: boolean
}

/** `skipwise convert MODEL --to STACK`: the RoPE of a model in the keys of a stack. */
export async function convert(model: string, options: ConvertCommandOptions, terminal: Terminal): Promise<number> {
  const { registry } = await loadParts([process.cwd()])
  const source = await readConfigFile(
    await locateModel(model, { part: 'config', progress: terminal.progress, signal: terminal.signal })
  )
  const { to, scheme, target, asLongrope, keys } = options
  const resolve = (reference: PluginReference) => registry.resolveUnknown('interpolation', reference)
  const converted = convertConfig(
    source.config,
    {
      to,
      keys,
      scheme: scheme === undefined ? undefined : schemeOf(scheme, options.schemeConfig),
      targetLength: target,
      asLongrope
    },
    resolve
  )
  const text = documentOf(converted, source.text)
  const output =
    options.output === undefined ? undefined : await outputFile(options.output, converted, options.overwrite ?? false)
  if (output !== undefined) await writeFileAtomic(output, text)
  if (terminal.json) terminal.result(withoutUndefined({ ...converted, output }))
  else if (output === undefined) process.stdout.write(visibleJsonText(text))
  else terminal.say(`${to}: ${output}`)
  for (const note of converted.notes) process.stderr.write(printable(`note: ${note}\n`))
  return 0
}

/** The scheme that an option names. @throws SkipwiseError `CLI_USAGE` */
const schemeOf = (name: string, config: string): PluginReference => ({
  name,
  config: parseJson(config, '--scheme-config')
})

/** What the stack reads: config.json with nothing but the RoPE changed, or its own keys as JSON, which is YAML too. */
function documentOf({ changes, keys, tensors }: ConvertedConfig, text: string): string {
  if (changes !== undefined) return editConfigText(text, changes)
  return stringifyConfig(tensors ? { keys, tensors } : keys)
}

/** The file to write. @throws SkipwiseError `CLI_OUTPUT_EXISTS` */
async function outputFile(path: string, { config, stack }: ConvertedConfig, overwrite: boolean): Promise<string> {
  const kindOf = (file: string) =>
    stat(file).then(
      entry => (entry.isDirectory() ? 'folder' : 'file'),
      () => undefined
    )
  const file = (await kindOf(path)) === 'folder' ? join(path, config ? 'config.json' : `${stack}.json`) : path
  if (!overwrite && (await kindOf(file)))
    throw usageError('CLI_OUTPUT_EXISTS', `${file} exists`, 'choose another --output, or add --overwrite')
  return file
}
