import type { Budget } from './budget.js'
import { TemplateFault } from './template-fault.js'
import { typeName, Markup, type Value } from './values.js'

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' }

/**
 * A text as markupsafe escapes it; one that is safe already stays as it is. @throws TemplateFault for a value that is
 * not a text
 */
export function escaped(value: Value, budget: Budget): string {
  if (value instanceof Markup) return value.text
  if (typeof value !== 'string') throw new TemplateFault(`a ${typeName(value)} is not escaped here`)
  return budget.made(value.replace(/[&<>'"]/g, character => HTML[character]))
}

/** `left + right` of which one is safe: the other is escaped. */
export const joinMarkup = (left: Value, right: Value, budget: Budget): Markup =>
  new Markup(budget.made(escaped(left, budget) + escaped(right, budget)))
