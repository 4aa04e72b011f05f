/**
 * The second, shorter way through the program: a client comes back to a stream that it lost. It
 * passes admission, and nothing else: the stream was paid for when it began.
 */
import type { Ticket } from '../admission/admit.ts'
import { GatewayError } from '../core/errors.ts'
import { directStream } from '../relay/direct-stream.ts'
import { eventStreamHeaders } from '../relay/relay.ts'
import { holderOf, type ResumableStreams } from '../relay/resumables.ts'
import type { Connection } from './connection.ts'

/** What is asked of a stream, by somebody whose key is known. */
export interface StreamRequest {
  readonly id: string
  /** Null where no key is asked for. */
  readonly keyId: string | null
  /** `read` goes on behind the event of the number `cursor`. */
  readonly action: 'read' | 'end'
  readonly cursor: number
  readonly signal: AbortSignal
}

/** The other processes of the machine that hold streams. */
export interface StreamPeers {
  /** Whether there is, or was, a process of that tag. */
  has(tag: string): boolean
  /** Asks it. @throws GatewayError what it answers, or `stream_lost` where it is gone. */
  ask(tag: string, asked: StreamRequest, left: () => void): Promise<Response>
}

/** What coming back needs from the rest of the program. */
export interface ResumptionParts {
  readonly streams: ResumableStreams
  /** Null where this process is alone. */
  readonly peers: StreamPeers | null
  admit(headers: Headers, search: string): Ticket | Promise<Ticket>
}

/** Answers `/v1/streams/{id}`. */
export interface Resumption {
  /** @throws GatewayError */
  read(request: Request, id: string, search: string, connection: Connection): Promise<Response>
  /** @throws GatewayError */
  end(request: Request, id: string, search: string): Promise<Response>
}

/** What an id may be at all; those that were given out are. */
const idPattern = /^[A-Za-z0-9_-]{1,64}$/

/** Makes it. */
export function createResumption(parts: ResumptionParts): Resumption {
  const answer = (asked: StreamRequest, left: () => void): Response | Promise<Response> => {
    const { streams, peers } = parts
    const tag = holderOf(asked.id)
    if (tag === streams.tag || peers === null || !peers.has(tag)) {
      return answerFrom(streams, asked, left)
    }
    return peers.ask(tag, asked, left)
  }
  return {
    async read({ headers, signal }, id, search, connection) {
      const ticket = await parts.admit(headers, search)
      connection.disarm()
      const left = once(() => {
        ticket.release()
        connection.rearm()
      })
      try {
        checkId(id)
        const keyId = ticket.key?.id ?? null
        const cursor = cursorOf(id, headers, search)
        const response = await answer({ id, keyId, action: 'read', cursor, signal }, left)
        if (response.body === null) left()
        return response
      } catch (thrown) {
        left()
        throw thrown
      }
    },
    async end({ headers, signal }, id, search) {
      const ticket = await parts.admit(headers, search)
      try {
        checkId(id)
        const keyId = ticket.key?.id ?? null
        return await answer({ id, keyId, action: 'end', cursor: 0, signal }, () => {})
      } finally {
        ticket.release()
      }
    },
  }
}

/**
 * Answers from the streams of this process.
 * @param left called once, when a stream has been read or its reader has left; not where the answer
 *   has no body.
 * @throws GatewayError
 */
export function answerFrom(
  streams: ResumableStreams,
  { id, keyId, action, cursor, signal }: StreamRequest,
  left: () => void,
): Response {
  const stream = streams.find(id, keyId)
  if (stream === null) throw new GatewayError('stream_not_found')
  const headers = new Headers({ 'x-request-id': stream.requestId, 'cache-control': 'no-store' })
  if (action === 'end') {
    stream.end()
    return new Response(null, { status: 204, headers })
  }
  const reader = stream.again(cursor, signal, left)
  headers.set('x-sluice-stream-id', id)
  headers.set('x-sluice-stream-state', stream.state)
  if (reader === null) return new Response(null, { status: 204, headers })
  headers.set('x-sluice-replay-from', String(cursor + 1))
  for (const [name, value] of Object.entries(eventStreamHeaders)) headers.set(name, value)
  const { responseChunkBytes } = stream.settings
  return new Response(directStream(reader, responseChunkBytes), { status: 200, headers })
}

/** An id that cannot be one is answered like one that is not there. */
function checkId(id: string): void {
  if (!idPattern.test(id)) throw new GatewayError('stream_not_found')
}

/**
 * Behind which event the client wants to go on: what its browser remembers by itself, or what it
 * says in the query, where not every client can send headers. 0 is the beginning.
 * @throws GatewayError `invalid_request` for what is neither an id of this stream nor a number.
 */
function cursorOf(id: string, headers: Headers, search: string): number {
  const query = new URLSearchParams(search)
  const param = 'last-event-id'
  const given =
    headers.get(param) ?? query.get('last_event_id') ?? query.get('starting_after') ?? ''
  if (given === '') return 0
  const number = given.startsWith(`${id}-`) ? given.slice(id.length + 1) : given
  if (/^\d{1,15}$/.test(number)) return Number(number)
  const message = 'The event to go on behind must be the id of one of this stream, or its number.'
  throw new GatewayError('invalid_request', { message, param })
}

function once(run: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    run()
  }
}
