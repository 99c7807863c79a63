import parts from './golden/text-parts.json' with { type: 'json' }

/** Draws as tools/golden/tokenizer_real.py does: xorshift32. */
function drawer(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/**
 * Texts of sixty scripts, emoji, composed and decomposed letters, control characters, white space and added tokens:
 * those of tools/golden/tokenizer_real.py.
 *
 * @param specials contents of added tokens
 */
export function makeTexts(specials: readonly string[], count: number): string[] {
  const draw = drawer(parts.seed)
  const pick = <Item>(items: readonly Item[]): Item => items[draw(items.length)]
  const many = (make: () => string, count: number): string => Array.from({ length: count }, make).join('')
  const character = (): string => {
    const kind = draw(40)
    const code = kind === 0 ? draw(0x110000) : kind < 4 ? pick(parts.odd) : inScript(pick(parts.scripts))
    return code >= 0xd800 && code < 0xe000 ? '\ufffd' : String.fromCodePoint(code)
  }
  const inScript = ([first, last]: readonly number[]): number => first + draw(last - first + 1)
  const part = (): string => {
    const kind = draw(12)
    if (kind < 4) return pick(parts.words)
    if (kind < 6) return pick(parts.gaps)
    if (kind === 6) return specials.length ? pick(specials) : '<s>'
    if (kind === 7) return pick(parts.gaps).repeat(1 + draw(12))
    if (kind === 8) {
      const script = pick(parts.scripts)
      return many(() => String.fromCodePoint(inScript(script)), 1 + draw(12))
    }
    return many(character, 1 + draw(6))
  }
  return Array.from({ length: count }, () => many(() => part() + (draw(3) === 0 ? ' ' : ''), 1 + draw(14)))
}

/** Ids below `highest`, as tools/golden/tokenizer_steps.py draws them. */
export function drawIds(highest: number): number[][] {
  const draw = drawer(3)
  const one = () => draw(draw(2) ? highest : Math.min(highest, 260))
  return Array.from({ length: 40 }, () => Array.from({ length: 1 + draw(12) }, one))
}
