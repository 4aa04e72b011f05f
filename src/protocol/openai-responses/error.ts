/** Errors inside a stream of the Responses API. */
import type { GatewayError } from '../../core/errors.ts'
import { type JsonObject, objectAt } from '../../core/json.ts'
import { errorObject, readEventError } from '../openai/error.ts'

/**
 * The failure in an event. It comes in three shapes: flat as specified, nested under `error` as
 * OpenAI really sends it, and inside the `response` of `response.failed`.
 */
export function readFailure(event: JsonObject): GatewayError {
  const response = objectAt(event, 'response')
  return readEventError(response === null ? event : { error: response.error })
}

/**
 * The data of an in-band error with the number that the stream has reached. The flat fields are
 * the specification's; the nested object is what SDKs look for before they raise.
 */
export function errorData(error: GatewayError, sequenceNumber: number): JsonObject {
  const { message, type, param, code } = errorObject(error)
  return {
    type: 'error',
    code,
    message,
    param,
    sequence_number: sequenceNumber,
    error: { type, code, message, param },
  }
}

/** An in-band error as a whole event. */
export function errorEvent(error: GatewayError, sequenceNumber: number): string {
  return `event: error\ndata: ${JSON.stringify(errorData(error, sequenceNumber))}\n\n`
}
