/**
 * Whether a name fits a pattern in which `*` stands for any characters, dots included, and everything else for itself.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  const literal = pattern.split('*').map(part => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
  return new RegExp(`^${literal.join('.*')}$`, 's').test(name)
}
