/** What the tests of dialects share that SDKs read over a real socket: events, and a server. */
import type { HubEvent } from '../../src/protocol/hub/events.ts'
import type { HubRequest } from '../../src/protocol/hub/request.ts'
import type { AnswerContext, EventReader } from '../../src/protocol/translation.ts'
import { createDeframer } from '../../src/sse/deframe.ts'
import type { Frame } from '../../src/sse/frame.ts'
import { stopServer } from '../kit/stop-server.ts'

/** One recorded answer. A file may hold several, one after the other. */
export interface Recording {
  readonly name: string
  readonly text: string
}

/** What a writer is told of a request. */
export const contextOf = (model: string, request: HubRequest): AnswerContext => ({
  model,
  requestId: 'req_123',
  createdS: 1_700_000_000,
  includeUsage: false,
  framing: 'sse',
  request,
})

/** One event of a dialect that names its events, as its server sends it. */
export function sse(event: { readonly type?: unknown }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

/** The frames of a stream, which is handed over in pieces. */
export function framesOf(...pieces: readonly (Uint8Array | string)[]): readonly Frame[] {
  const deframer = createDeframer('sse', 10_000_000)
  const frames: Frame[] = []
  for (const piece of pieces) {
    const bytes = typeof piece === 'string' ? new TextEncoder().encode(piece) : piece
    frames.push(...deframer.push(bytes))
  }
  return [...frames, ...deframer.end()]
}

/** The hub events that a reader makes of a stream's frames, end included. */
export function eventsOf(reader: EventReader, frames: readonly Frame[]): readonly HubEvent[] {
  return [...frames.flatMap((frame) => [...reader.read(frame)]), ...reader.end()]
}

/** A server that answers every request with what it was last given. */
export class AnswerServer {
  #answer: () => Response = () => new Response(null, { status: 500 })
  readonly #server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => this.#answer(),
  })
  /** Without a slash at the end. */
  readonly origin = this.#server.url.origin
  /** Where the API begins, for SDKs that want to know the version too. */
  readonly baseUrl = `${this.origin}/v1`

  /** Answers with a stream from now on. */
  streams(text: string): void {
    const headers = { 'content-type': 'text/event-stream; charset=utf-8' }
    this.#answer = () => new Response(text, { headers })
  }

  /** Answers with JSON from now on. */
  answers(body: unknown, status = 200): void {
    this.#answer = () => Response.json(body, { status })
  }

  /** Ends the server; throws where a request is left. */
  close(): Promise<void> {
    return stopServer(this.#server)
  }
}
