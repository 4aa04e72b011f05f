/** Where the buckets of histograms end. Those of `gen_ai_*` are given by the conventions. */

/** `gen_ai.server.request.duration`, in seconds. */
export const durationBounds = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
] as const

/** `gen_ai.server.time_to_first_token`, in seconds. */
export const firstTokenBounds = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
] as const

/** `gen_ai.server.time_per_output_token`, in seconds. */
export const outputTokenBounds = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5,
] as const

/** `gen_ai.client.token.usage`, in tokens. */
export const tokenBounds = Array.from({ length: 14 }, (_, power) => 4 ** power)

/**
 * Gaps in a stream, in seconds. Powers of two of a millisecond are bounds of the scale on which
 * each stream counts its gaps too, so that nothing is estimated where one is added to the other.
 */
export const gapBounds = Array.from({ length: 17 }, (_, power) => 2 ** power / 1000)

/** Waits in the queue, in seconds. */
export const queueWaitBounds = [
  0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
] as const

/** What the program itself takes before it answers, in seconds. */
export const overheadBounds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1,
] as const
