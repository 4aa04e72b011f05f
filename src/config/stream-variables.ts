/** The `STREAM_*` variables that hold for one endpoint each: `StreamSettings` as variables. */
import type { StreamSettings } from './config.ts'
import { duration, type Kind, size } from './kinds.ts'
import { streamBounds } from './stream-bounds.ts'
import type { Variable } from './variable.ts'

const stream = (
  name: string,
  kind: Kind<number>,
  fallback: string,
  meaning: string,
): Variable<number> => ({
  name,
  group: 'Streams',
  meaning,
  default: fallback,
  kind,
  shown: 'plain',
  perEndpoint: true,
})

// The defaults of the clocks are long enough for a reasoning model's first token, and short enough
// that a dead connection does not hold its place for an hour.
const clock = (name: string, fallback: string, meaning: string): Variable<number> =>
  stream(name, duration(), fallback, `${meaning} 0 is never.`)

const bytes = (key: keyof StreamSettings): Kind<number> =>
  size(streamBounds[key].min, streamBounds[key].max)

/** One row for each of `StreamSettings`, under the same key. */
export const streamVariables: Readonly<Record<keyof StreamSettings, Variable<number>>> = {
  requestChunkBytes: stream(
    'STREAM_REQUEST_CHUNK_SIZE',
    bytes('requestChunkBytes'),
    '65536',
    'Bytes of one write to the provider, at most.',
  ),
  responseChunkBytes: stream(
    'STREAM_RESPONSE_CHUNK_SIZE',
    bytes('responseChunkBytes'),
    '32768',
    'Bytes of one write to the client, at most; nothing is delayed to reach it.',
  ),
  heartbeatIntervalMs: clock(
    'STREAM_HEARTBEAT_INTERVAL_MS',
    '10000',
    'A quiet stream gets a heartbeat after this time.',
  ),
  headersTimeoutMs: clock(
    'STREAM_HEADERS_TIMEOUT_MS',
    '60000',
    'How long the provider may take until its response headers.',
  ),
  firstTokenTimeoutMs: clock(
    'STREAM_FIRST_TOKEN_TIMEOUT_MS',
    '120000',
    'How long the provider may take until its first content.',
  ),
  idleTimeoutMs: clock(
    'STREAM_IDLE_TIMEOUT_MS',
    '120000',
    'How long the provider may pause in the middle of its answer.',
  ),
  totalTimeoutMs: clock(
    'STREAM_TOTAL_TIMEOUT_MS',
    '1800000',
    'How long a request may take altogether, with all its attempts.',
  ),
  clientStallTimeoutMs: clock(
    'STREAM_CLIENT_STALL_TIMEOUT_MS',
    '30000',
    'How long a client may read nothing before it is cut off.',
  ),
  eventBytesMax: stream(
    'STREAM_MAX_EVENT_BYTES',
    bytes('eventBytesMax'),
    '1048576',
    'A larger event passes through without being looked at.',
  ),
  bufferedBytesMax: stream(
    'STREAM_MAX_BUFFERED_BYTES',
    bytes('bufferedBytesMax'),
    '1048576',
    'Bytes that one stream may hold back, at most; bounds STREAM_MAX_EVENT_BYTES too.',
  ),
  flushIntervalMs: stream(
    'STREAM_FLUSH_INTERVAL_MS',
    duration(),
    '0',
    'Gathers what arrives within this time into one write; 0 sends everything at once.',
  ),
  holdMs: stream(
    'STREAM_HOLD_MS',
    duration(),
    '0',
    'Holds the first content for this time, so that a failure in it can still fail over.',
  ),
  holdBytes: stream(
    'STREAM_HOLD_BYTES',
    bytes('holdBytes'),
    '0',
    'Holds up to so many bytes for the same reason; whichever bound is reached first counts.',
  ),
}
