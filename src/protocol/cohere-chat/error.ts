/** Errors of Cohere: `{id, message}` with a status, or a `message-end` whose reason is one. */
import type { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, objectAt, textAt } from '../../core/json.ts'
import { readEventError, readError as readSharedError } from '../openai/error.ts'

/** An answer with an error status. 498 is a blocked request here, and no overload. Never throws. */
export function readError(
  status: number,
  body: unknown,
  retryAfterMs: number | null,
): GatewayError {
  return readSharedError(status === 498 ? 400 : status, body, retryAfterMs)
}

/** Reasons that are failures of the provider, with the status that they would have had. */
const failedReasons: ReadonlyMap<string, number> = new Map([
  ['ERROR', 500],
  ['ERROR_TOXIC', 500],
  ['ERROR_LIMIT', 503],
  ['TIMEOUT', 504],
])

/** The failure behind a finish reason, or null for one that is none. */
export function failureOf(reason: string, delta: JsonObject): GatewayError | null {
  const status = failedReasons.get(reason)
  if (status === undefined) return null
  return readSharedError(status, { message: textAt(delta, 'error') ?? reason }, null)
}

/** The error in an object that is no event: `{message}`, `{error}`; null where it is none. */
export function bareError(value: JsonObject): GatewayError | null {
  const isBare = textAt(value, 'type') === null && typeof value.message === 'string'
  const error = objectAt(value, 'error') ?? textAt(value, 'error')
  if (!isBare && error === null && value.type !== 'error') return null
  return readEventError(isObject(error) ? { error } : value)
}
