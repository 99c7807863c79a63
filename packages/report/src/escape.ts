import { visible, visibleLines } from '@skipwise/core'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

/**
 * Text for HTML and SVG, safe in elements and in quoted attributes; control characters, which XML forbids, are made
 * visible.
 */
export const escapeHtml = (text: string): string =>
  visibleLines(text).replace(/[&<>"']/g, character => ENTITIES[character])

/**
 * Text for one line of Markdown that GitHub renders as this text and as nothing else: no element, no link (also none of
 * a bare address), no emphasis, heading, list, cell or formula.
 */
export function escapeMarkdown(text: string): string {
  return (
    visible(text)
      .trim()
      .replace(/[\\`*_[\]|~$]/g, '\\$&')
      // Entities, because lenient renderers read what follows a backslash as an element.
      .replace(/[&<>]/g, character => ENTITIES[character])
      // Bare addresses.
      .replace(/:(?=\/\/)|(?<=www)\.|@(?=[\w-]+\.)/gi, '\\$&')
      // Marks that begin a heading or an item of a list.
      .replace(/^[#+-](?![\w.])|(?<=^\d+)[.)](?=\s|$)|#(?=#*$)/g, '\\$&')
  )
}

/** A name for a file: lower case, short, without characters that have a meaning in file systems or attributes. */
export const fileName = (name: string): string =>
  name
    .slice(0, LONGEST_NAME)
    .toLowerCase()
    .replace(/[^a-z0-9._]+/g, '-')
    .replace(/^[-.]+|-+$/g, '') || 'data'

const LONGEST_NAME = 80
