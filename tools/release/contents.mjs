// What a tarball holds: publint (entry points, formats, files) and Are the types wrong? (declarations that a resolver
// finds).
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { readFileSync } from 'node:fs'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

/** The profile esm-only: these packages are for ESM, so a resolver that knows only CommonJS need not find them. */
const otherResolvers = new Set(['node10', 'node16-cjs'])

/**
 * @param {string} file a tarball
 * @returns {Promise<string[]>} what is wrong with it, one line each
 */
export async function contentProblems(file) {
  const bytes = new Uint8Array(readFileSync(file))
  const types = await checkPackage(createPackageFromTarballData(bytes))
  if (types.types === false) return ['has no types']
  const wrongTypes = types.problems
    .filter(({ resolutionKind }) => !otherResolvers.has(resolutionKind))
    .map(
      ({ kind, entrypoint, resolutionKind }) =>
        `types: ${kind} at ${entrypoint ?? 'a file'} (${resolutionKind ?? 'any resolver'})`
    )
  const { messages, pkg } = await publint({ pack: { tarball: bytes.buffer }, strict: true })
  return [...wrongTypes, ...messages.map(message => `publint: ${formatMessage(message, pkg)}`)]
}
