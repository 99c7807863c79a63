const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text for HTML and SVG, safe in elements and in quoted attributes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, character => ENTITIES[character])

/** Text of one terminal line: control characters, with which a file's text could move the cursor, become spaces. */
export const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')

/** A name as that of a file: lower case, without what file systems or attributes take for something else. */
export const fileName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9._]+/g, '-').replace(/^[-.]+|-+$/g, '') || 'data'
