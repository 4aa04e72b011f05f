/** What the attempts need of circuit breakers. */

/** Permission for one attempt. One of the three is called; further calls do nothing. */
export interface Permit {
  readonly success: () => void
  readonly failure: () => void
  /** Neither: the client left, another target was faster, or it was the caller's own mistake. */
  readonly release: () => void
}

/** The breakers of all targets, by `targetKey`. */
export interface Breakers {
  /** Permission for one attempt, or null while the target is left alone. */
  admit(key: string): Permit | null
  /** Counts a failure that came after its attempt had succeeded: in the middle of an answer. */
  failedLater(key: string): void
  /** The part of its share that a target gets now: 1 closed, 0 open, between while it returns. */
  share(key: string): number
}

/** Permission where nobody counts: the last resort, and breakers that are off. */
export const unwatched: Permit = Object.freeze({ success() {}, failure() {}, release() {} })

/** For `BREAKER=off` and for tests of other things: everything is always permitted. */
export const noBreakers: Breakers = {
  admit: () => unwatched,
  failedLater() {},
  share: () => 1,
}
