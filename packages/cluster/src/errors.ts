import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/cluster` throws. */
export const clusterErrorCodes = {
  CLUSTER_UNSUPPORTED: 'A recipe asks for something that the training program of a cluster would do in another way.',
  CLUSTER_EXAMPLE: 'An example cannot be written: its labels have weights, or it has several documents.',
  CLUSTER_RUN: 'The folder is not that of a run on a cluster, or a file of it is not as it was written.',
  CLUSTER_OTHER_RUN: 'A run on a cluster is of another recipe, model or data than those given.',
  CLUSTER_UNFINISHED: 'A run on a cluster has not finished, or figures of its steps are missing.'
} as const satisfies ErrorCodes
