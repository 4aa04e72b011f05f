/** What a client is told of its limits, by the headers that OpenAI has for it. */
import type { Standing } from '../store/store.ts'

/** What is counted by the minute. */
type Counted = 'requests' | 'tokens'

/** The names are put together once, and not for each response. */
const names: Readonly<Record<Counted, readonly [limit: string, remaining: string, reset: string]>> =
  {
    requests: [
      'x-ratelimit-limit-requests',
      'x-ratelimit-remaining-requests',
      'x-ratelimit-reset-requests',
    ],
    tokens: [
      'x-ratelimit-limit-tokens',
      'x-ratelimit-remaining-tokens',
      'x-ratelimit-reset-tokens',
    ],
  }

/** Sets `x-ratelimit-limit-requests` and its kin, or those of tokens. */
export function setLimitHeaders(
  headers: Headers,
  about: Counted,
  limitText: string,
  { remaining, resetMs }: Standing,
): void {
  const [limitName, remainingName, resetName] = names[about]
  headers.set(limitName, limitText)
  headers.set(remainingName, String(remaining))
  headers.set(resetName, durationText(resetMs))
}

/** As OpenAI writes it: `1m30s`, `250ms`. */
function durationText(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`
  const seconds = Math.ceil(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds % 60}s`
}
