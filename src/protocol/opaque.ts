/** A body that is passed along without being understood: audio, files, a provider's own API. */
import type { GatewayError } from '../core/errors.ts'
import { isObject, type JsonObject } from '../core/json.ts'
import { dataErrorEvent, heartbeat, readError, readEventError, writeError } from './openai/error.ts'
import { readUsage } from './openai/usage.ts'
import type { Protocol, Sighting, StreamWatch } from './protocol.ts'

/** Sees content in everything; the end of the body is its only end. */
class OpaqueWatch implements StreamWatch {
  readonly finished = false
  readonly ended = false
  readonly usage = null
  readonly finishReason = null
  readonly error = null
  readonly missingEnd = null

  look(): Sighting {
    return 'content'
  }

  /** Named as well as shaped, since the SDK on the other side may look for either. */
  errorEvent(error: GatewayError): string {
    return `event: error\n${dataErrorEvent(error)}`
  }
}

/** A job or a file may well have an `error`, and is the answer all the same. */
function isNothingButError(body: JsonObject): boolean {
  const isResource = body.id !== undefined || body.data !== undefined
  return !isResource && (isObject(body.error) || body.object === 'error')
}

/** The dialect of everything else. Errors of our own are in OpenAI's shape. */
export const opaque: Protocol = {
  name: 'opaque',
  framing: 'sse',
  hasEndMarker: false,
  dropsInvalid: false,
  heartbeat,
  watch: () => new OpaqueWatch(),
  readAnswer: (body) => ({
    usage: readUsage(body.usage),
    error: isNothingButError(body) ? readEventError(body) : null,
  }),
  readError,
  writeError,
  translation: null,
}
