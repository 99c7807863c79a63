import type { Graph } from '@skipwise/runtime'

/** Equal for graphs that compute the same: they can share a program. */
export const graphKey = ({ values, inputs, nodes, outputs, constants }: Graph): string =>
  JSON.stringify([values, inputs, nodes, outputs, [...constants].map(([id, data]) => [id, [...data]])])
