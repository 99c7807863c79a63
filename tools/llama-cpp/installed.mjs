import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The version of node-llama-cpp that tests compare with; it has llama.cpp of August 2026. */
export const VERSION = '3.22.1'

/** Where it is installed. */
export const llamaCppFolder = join(homedir(), '.cache', 'skipwise', `llama-cpp-${VERSION}`)

/** Whether it is there. */
export const installedLlamaCpp = () =>
  existsSync(join(llamaCppFolder, 'node_modules', 'node-llama-cpp', 'package.json')) &&
  existsSync(join(llamaCppFolder, 'node_modules', '@node-llama-cpp'))
