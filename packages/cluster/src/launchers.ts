/** Who starts the processes: the same program for all. */
export const launchers = ['torchrun', 'accelerate'] as const

/** One of {@link launchers}. */
export type Launcher = (typeof launchers)[number]
