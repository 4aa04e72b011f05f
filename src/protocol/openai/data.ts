/** The data of an event as JSON: the one place where the dialects parse what was streamed. */

/** What `parseData` answers for text that is not JSON. */
export const NOT_JSON = Symbol('not JSON')

/** The value that `data` says, or `NOT_JSON`; never throws. Empty data is not JSON either. */
export function parseData(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return NOT_JSON
  }
}

/** SDKs take anything that starts like this as the end of the stream, so we do. */
export const endMarker = '[DONE]'
