/** Whether a request or an attempt failed by nobody's fault but ours or the provider's. */
import { errorTable } from '../core/errors.ts'
import type { FinishedAttempt, FinishedRequest } from './finished.ts'

/** Statuses of a provider that say nothing against the request. */
const providersOwn: ReadonlySet<number> = new Set([408, 425, 429])

/** Whether a request failed: not by what the caller did wrong, nor by its departure. */
export function isFailed({
  errorCode,
  status,
}: Pick<FinishedRequest, 'errorCode' | 'status'>): boolean {
  if (errorCode === null || errorTable[errorCode].status < 500) return false
  const isCallers = status >= 400 && status < 500 && !providersOwn.has(status)
  return errorCode !== 'upstream_error' || !isCallers
}

/**
 * Whether an attempt of a request failed. One that was answered did so where its answer broke: the
 * request failed with it, or another attempt had to go on with the answer.
 */
export function isFailedAttempt(finished: FinishedRequest, attempt: FinishedAttempt): boolean {
  const { outcome, status } = attempt
  if (outcome === null || outcome === 'outrun') return false
  if (outcome !== 'answered') return isFailed({ errorCode: outcome, status: status ?? 0 })
  const { attempts } = finished
  const behind = attempts.slice(attempts.indexOf(attempt) + 1)
  if (behind.some(({ kind }) => kind === 'recovery')) return true
  return !behind.some((each) => each.outcome === 'answered') && hasBroken(finished)
}

/** Whether the provider broke its answer, or was too slow in it. */
const hasBroken = (finished: FinishedRequest): boolean =>
  finished.errorCode?.startsWith('upstream_') === true && isFailed(finished)
