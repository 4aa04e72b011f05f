/** How long to wait before another try, and the waiting. */
import { aborted, type StreamError } from './error.ts'

const firstMs = 500
const highestMs = 8_000

/** A server that wants more than this is not waited for: the caller is told instead. */
export const retryAfterMaxMs = 60_000

/**
 * Before the try number `attempt` (from 1): what the server asked for, else a random part of a
 * bound that doubles, so that many clients do not come back at the same moment.
 */
export function delayMs(attempt: number, error: StreamError): number {
  if (error.retryAfterMs !== null) return error.retryAfterMs
  return Math.random() * Math.min(highestMs, firstMs * 2 ** (attempt - 1))
}

/** Resolves after `ms`. @throws StreamError `aborted` */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(aborted(signal))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

/**
 * The wait that an answer asks for, in milliseconds: `retry-after-ms`, or `retry-after` in seconds
 * or as a date. Null where it asks for none, or nobody can read it.
 */
export function retryAfterOf(headers: Headers): number | null {
  const exact = headers.get('retry-after-ms')
  if (exact !== null && /^\d+(\.\d+)?$/.test(exact)) return Number(exact)
  const said = headers.get('retry-after')
  if (said === null) return null
  if (/^\d+(\.\d+)?$/.test(said)) return Number(said) * 1000
  const dateMs = Date.parse(said)
  return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - Date.now())
}
