/** The response that is not streamed. */
import type { JsonObject } from '../../core/json.ts'
import { readHiddenError } from '../openai/error.ts'
import { readUsage } from '../openai/usage.ts'
import type { Protocol } from '../protocol.ts'

/**
 * The usage of a response, or the error that hides in its 200. A `response` object whose status is
 * `failed` is an answer, not a hidden error: whoever polls a background response asked for it.
 */
export function readAnswer(body: JsonObject): ReturnType<Protocol['readAnswer']> {
  const isResponse = body.object === 'response'
  return {
    usage: readUsage(body.usage),
    error: isResponse ? null : readHiddenError(body),
  }
}
