import { FILE_LIMITS, readFolderFile, readFolderJson } from '@skipwise/checkpoints'
import { SkipwiseError, validate } from '@skipwise/core'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const MAX_BYTES = FILE_LIMITS.template

/** The chat template of a model folder. */
export interface TemplateFiles {
  /** The template; with several, the one named `default`. */
  readonly template: string
  /** The one named `tool_use`, which transformers uses for conversations with tools. */
  readonly toolTemplate: string | undefined
  /** Special tokens that templates may write, by name. */
  readonly tokens: Readonly<Record<string, string>>
}

const specialToken = z.union([z.string(), z.looseObject({ content: z.string() }).transform(token => token.content)])
const configSchema = z.looseObject({
  chat_template: z.union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))]).nullish(),
  extra_special_tokens: z.unknown().optional()
})

/**
 * Reads `chat_template.jinja` (and `additional_chat_templates`), or else `chat_template` of `tokenizer_config.json`,
 * with the special tokens, as transformers 5 does.
 *
 * @throws SkipwiseError `CHAT_TEMPLATE_NOT_FOUND`, `CHAT_TEMPLATE_INVALID`, `FILE_REFUSED`
 */
export async function readTemplateFiles(folder: string): Promise<TemplateFiles> {
  const config = (await readConfig(folder, 'tokenizer_config.json')) ?? {}
  const named = await templatesOf(folder, config.chat_template)
  const template = named.get('default')
  if (template === undefined) {
    throw new SkipwiseError('CHAT_TEMPLATE_NOT_FOUND', {
      problem: `${folder} has no chat template`,
      fix: 'use a model that was trained to chat, put chat_template.jinja into the folder, or use plain text'
    })
  }
  for (const source of named.values())
    if (source.length > MAX_BYTES)
      throw invalidTemplate(folder, `it has ${source.length} characters, more than ${MAX_BYTES}`)
  // transformers 5 reads the second file only where the first has no added tokens
  const legacy = 'added_tokens_decoder' in config ? undefined : await readConfig(folder, 'special_tokens_map.json')
  return { template, toolTemplate: named.get('tool_use'), tokens: { ...tokensOf(config), ...tokensOf(legacy ?? {}) } }
}

/**
 * The text of the chat template of a model folder: the one named `default` where there are several.
 *
 * @returns undefined for a model without one
 * @throws SkipwiseError `CHAT_TEMPLATE_INVALID`, `FILE_REFUSED`
 */
export async function readChatTemplateText(folder: string): Promise<string | undefined> {
  const config = (await readConfig(folder, 'tokenizer_config.json')) ?? {}
  return (await templatesOf(folder, config.chat_template)).get('default')
}

type Config = z.infer<typeof configSchema>

async function templatesOf(folder: string, inConfig: Config['chat_template']): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>()
  const own = await readText(folder, 'chat_template.jinja')
  if (own !== undefined) files.set('default', own)
  const more = join(folder, 'additional_chat_templates')
  for (const name of (await readdir(more).catch(() => [])).sort()) {
    const text = name.endsWith('.jinja') ? await readText(more, name) : undefined
    if (text !== undefined) files.set(name.slice(0, -'.jinja'.length), text)
  }
  if (files.size) return files
  if (Array.isArray(inConfig)) return new Map(inConfig.map(({ name, template }) => [name, template]))
  return new Map(typeof inConfig === 'string' ? [['default', inConfig]] : [])
}

/** Every `…_token`, and the tokens that a model names in addition. */
function tokensOf(config: Readonly<Record<string, unknown>>): Record<string, string> {
  const extra = config['extra_special_tokens']
  const named = Object.entries(config).filter(([name]) => name.endsWith('_token'))
  const beside = typeof extra === 'object' && extra !== null && !Array.isArray(extra) ? Object.entries(extra) : []
  const tokens: Record<string, string> = {}
  for (const [name, value] of [...named, ...beside]) {
    const token = specialToken.safeParse(value)
    if (token.success) tokens[name] = token.data
  }
  return tokens
}

async function readConfig(folder: string, name: string): Promise<Config | undefined> {
  const stored = await readFolderJson(folder, name, 'CHAT_TEMPLATE_INVALID')
  return stored === undefined ? undefined : validate(configSchema, stored, 'CHAT_TEMPLATE_INVALID', join(folder, name))
}

/** Content of a file, a BOM included, or undefined when it is not there. */
async function readText(folder: string, name: string): Promise<string | undefined> {
  const bytes = await readFolderFile(folder, name)
  return bytes && new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

/** `CHAT_TEMPLATE_INVALID`, with the problem and its place. */
export const invalidTemplate = (where: string, problem: string, cause?: unknown) =>
  new SkipwiseError('CHAT_TEMPLATE_INVALID', {
    problem: `${where}: the chat template cannot be used: ${problem}`,
    fix: 'download the file again, or use a plain prompt',
    cause
  })
