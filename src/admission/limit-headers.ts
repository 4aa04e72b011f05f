/** What a client is told of its limits, by the headers that OpenAI has for it. */
import type { Claim, Standing } from '../store/store.ts'

/** Headers of a response, in order. */
export type LimitHeaders = readonly (readonly [name: string, value: string])[]

/** One claim, what it was for, and how it stands. */
export interface LimitStanding {
  readonly claim: Claim
  readonly about: 'requests' | 'tokens' | 'streams' | 'budget'
  readonly standing: Standing | undefined
}

/** `x-ratelimit-limit-requests` and its kin, for what is counted by the minute. */
export function limitHeaders(standings: readonly LimitStanding[]): LimitHeaders {
  return standings.flatMap(({ claim, about, standing }) => {
    if (claim.kind !== 'rate' || standing === undefined) return []
    return [
      [`x-ratelimit-limit-${about}`, String(claim.limit)],
      [`x-ratelimit-remaining-${about}`, String(standing.remaining)],
      [`x-ratelimit-reset-${about}`, durationText(standing.resetMs)],
    ] as const
  })
}

/** As OpenAI writes it: `1m30s`, `250ms`. */
function durationText(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`
  const seconds = Math.ceil(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds % 60}s`
}
