/** Standard normal quantile at 0.975. */
const Z = 1.959963984540054

/**
 * Wilson score interval of a proportion at 95 % (Wilson, JASA 22, 1927): honest at 0 and at 1, where the normal
 * interval has no width.
 *
 * @param successes in [0, trials]
 * @param trials at least 1
 * @returns [low, high] in [0, 1]
 */
export function wilsonInterval(successes: number, trials: number): readonly [number, number] {
  const p = successes / trials
  const z2 = (Z * Z) / trials
  const centre = (p + z2 / 2) / (1 + z2)
  const half = (Z / (1 + z2)) * Math.sqrt((p * (1 - p)) / trials + z2 / (4 * trials))
  return [successes === 0 ? 0 : Math.max(0, centre - half), successes === trials ? 1 : Math.min(1, centre + half)]
}
