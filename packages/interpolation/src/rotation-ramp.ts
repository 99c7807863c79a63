/**
 * θ ↦ θ'_i for a ramp over rotations r = L_c θ / 2π: θ above `high`, θ / s below `low`, a mean linear in r between.
 * Both LLaMA 3 and the YaRN paper use it.
 */
export function rotationRamp(
  originalLength: number,
  factor: number,
  { low, high }: { readonly low: number; readonly high: number }
): (theta: number) => number {
  return theta => {
    const rotations = (originalLength * theta) / (2 * Math.PI)
    const kept = Math.min(1, Math.max(0, (rotations - low) / (high - low)))
    return ((1 - kept) * theta) / factor + kept * theta
  }
}
