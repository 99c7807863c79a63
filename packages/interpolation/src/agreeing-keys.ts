import { SkipwiseError } from '@skipwise/core'
import { shown, valueOf, type JsonObject } from './json-keys.js'

/** The error for keys that contradict each other. */
export const contradiction = (problem: string, fix: string): SkipwiseError =>
  new SkipwiseError('ROPE_CONFIG_CONTRADICTORY', { problem, fix })

/** A key that was found, with its value. */
export interface FoundKey {
  readonly key: string
  readonly value: unknown
}

/**
 * A value from inside the rope object, or from the top of the file under one of several names. Where several keys have
 * it, they must agree.
 *
 * @throws SkipwiseError `ROPE_CONFIG_CONTRADICTORY`
 */
export function agreeing(
  rope: JsonObject,
  inside: string,
  config: JsonObject,
  outside: readonly string[]
): FoundKey | undefined {
  const found: (FoundKey & { readonly where: string })[] = []
  const add = (key: string, value: unknown, where: string) => {
    if (value !== undefined) found.push({ key, value, where })
  }
  add(inside, valueOf(rope, inside), 'in the rope object')
  for (const key of outside) add(key, valueOf(config, key), 'at the top')
  const first = found.at(0)
  const other = found.find(({ value }) => value !== first?.value)
  if (first && other) {
    const said = ({ key, value, where }: FoundKey & { readonly where: string }) => `${key} is ${shown(value)} ${where}`
    throw contradiction(`${said(other)} and ${said(first)}`, 'write the value that the model was trained with to both')
  }
  return first
}
