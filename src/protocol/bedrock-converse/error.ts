/** Errors of Bedrock: an HTTP status with a `message`, or an exception as a frame of a stream. */
import { GatewayError } from '../../core/errors.ts'
import { isObject, numberAt } from '../../core/json.ts'
import { NOT_JSON, parseData } from '../openai/data.ts'
import { readError as readSharedError } from '../openai/error.ts'

/** The status of each exception, by its name in lower case; inside a stream there is no other. */
const statusOfException: ReadonlyMap<string, number> = new Map([
  ['validationexception', 400],
  ['servicequotaexceededexception', 400],
  ['accessdeniedexception', 403],
  ['expiredtokenexception', 403],
  ['unrecognizedclientexception', 403],
  ['resourcenotfoundexception', 404],
  ['modeltimeoutexception', 408],
  ['conflictexception', 409],
  ['modelerrorexception', 424],
  ['modelstreamerrorexception', 424],
  ['throttlingexception', 429],
  ['modelnotreadyexception', 429],
  ['internalserverexception', 500],
  ['serviceunavailableexception', 503],
])

/**
 * An answer with an error status. 408 and 424 mean that the model behind the service was late or
 * failed; to a client they would mean that its own request was at fault. Never throws.
 */
export function readError(
  status: number,
  body: unknown,
  retryAfterMs: number | null,
): GatewayError {
  return readSharedError(behindService(status), body, retryAfterMs)
}

function behindService(status: number): number {
  if (status === 408) return 504
  return status === 424 ? 502 : status
}

/**
 * An exception that came as a frame, or as a member of the union that some gateways unpack it to.
 * @param type `throttlingException` and the like; anything else is the service's own failure.
 */
export function readException(type: string, data: string): GatewayError {
  const parsed = parseData(data)
  const body = parsed === NOT_JSON ? null : parsed
  const original = isObject(body) ? numberAt(body, 'originalStatusCode') : null
  const status = statusOfException.get(type.toLowerCase()) ?? 500
  // What the model said counts for more than that it said it; but our own key is never at fault.
  const told = status === 424 && original !== null && original >= 429 && original < 600
  return readError(told ? original : status, body, null)
}

/** The answer that ends in a reason which is no reason: the model wrote what nobody can read. */
export function malformed(stopReason: string): GatewayError {
  return new GatewayError('upstream_error', {
    status: 502,
    message: `The model produced an answer that cannot be read (${stopReason.slice(0, 64)}).`,
    providerCode: stopReason.slice(0, 64),
  })
}
