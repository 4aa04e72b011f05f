/**
 * A frame of an answer as its provider sent it, on the way to a client of the same dialect.
 *
 * An answer whose dialect is the client's own is still read and written where something about the
 * exchange had to be said in another way: the request carried what another provider had signed,
 * the provider renames parameters, the client wants one array and not events. Its events alone
 * would lose what the hub has no word for, from a field that is new to where a chunk ends. So a
 * reader that knows that its own dialect will be written tells each frame as well, as a `raw`
 * event before those that were read of it, and a writer of that dialect repeats the frame in
 * their place. For a client of any other dialect nothing is told, and it costs nothing.
 */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import type { ProtocolName } from '../names.ts'
import type { HubEvent } from './events.ts'
import type { Native } from './request.ts'

/** The event that tells `frame`, which is one of `dialect`. */
export function ownFrame(dialect: ProtocolName, frame: JsonObject): HubEvent {
  return { type: 'raw', choice: 0, native: { dialect, value: { frame } } }
}

/** The frame in a native value of `dialect`; null where it is another's, or something else. */
export function frameOf(
  { dialect: from, value }: Native,
  dialect: ProtocolName,
): JsonObject | null {
  if (from !== dialect || !isObject(value)) return null
  return isObject(value.frame) ? value.frame : null
}

/** The frame of a whole answer, which has one; null where none was told. */
export function wholeFrame(events: readonly HubEvent[], dialect: ProtocolName): JsonObject | null {
  for (const event of events) {
    const frame = event.type === 'raw' ? frameOf(event.native, dialect) : null
    if (frame !== null) return frame
  }
  return null
}

/**
 * The JSON of `frame`.
 * @throws GatewayError `upstream_protocol_error` for one that is nested so deeply that it can be
 *   read but not said again.
 */
export function frameText(frame: JsonObject): string {
  try {
    return JSON.stringify(frame)
  } catch (cause) {
    throw new GatewayError('upstream_protocol_error', { cause })
  }
}
