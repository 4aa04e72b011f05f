/** Ids for tool calls that came without one, which is nearly all of Gemini's. */

/**
 * `call_` and a hash of where the call stands: the same answer read twice gives the same ids, and
 * two calls of one conversation do not meet.
 */
export function callId(...place: readonly (string | number)[]): string {
  const hash = Bun.hash.wyhash(JSON.stringify(place))
  return `call_${hash.toString(36).padStart(13, '0')}`
}
