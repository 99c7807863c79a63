import type { Draw } from './format.js'

const N = 624
const M = 397

/** MT19937 (Matsumoto & Nishimura, 1998) as numpy's legacy generator seeds it with one number: uniform in [0, 2³²). */
function mersenneTwister(seed: number): () => number {
  const state = Uint32Array.of(seed, ...new Uint32Array(N - 1))
  for (let i = 1; i < N; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i
  let at = N
  const twist = () => {
    for (let i = 0; i < N; i++) {
      const bits = (state[i] & 0x80000000) | (state[(i + 1) % N] & 0x7fffffff)
      state[i] = state[(i + M) % N] ^ (bits >>> 1) ^ (bits & 1 ? 0x9908b0df : 0)
    }
    at = 0
  }
  return () => {
    if (at === N) twist()
    let y = state[at++]
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }
}

/** `numpy.random.seed(seed)` and then `numpy.random.randint(low, high + 1)`: masked draws until one is in the range. */
export function numpyRandint(seed: number): Draw {
  const next = mersenneTwister(seed)
  return (low, high) => {
    const range = high - low
    if (range === 0) return low
    const mask = 2 ** Math.ceil(Math.log2(range + 1)) - 1
    for (;;) {
      const draw = (next() & mask) >>> 0
      if (draw <= range) return low + draw
    }
  }
}
