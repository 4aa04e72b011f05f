/** Clients that lose a stream and come back, and a provider that sends as far as it is let. */
import { expect } from 'bun:test'
import type { RequestToSend } from '../kit/client.ts'
import type { RawResponse } from '../kit/response.ts'
import { Changes, eventually } from '../kit/signal.ts'
import { parseSse } from '../kit/sse.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import type { Asking, Stand } from './client-stand.ts'

/** An event without its id. */
export interface Event {
  readonly event: string | null
  readonly data: string
}

/** What a client has read: whole events, and the id of the last one. */
export interface HasRead {
  readonly events: readonly Event[]
  readonly lastId: string | null
}

/** What is in the bytes of a resumable stream, wherever they were cut; heartbeats have no id. */
export function readIn(bytes: Uint8Array): HasRead {
  const read = parseSse(bytes).filter(({ kind, id }) => kind === 'event' && id !== null)
  const events = read.map(({ event, data }) => ({ event, data }))
  return { events, lastId: read.at(-1)?.id ?? null }
}

/** The events of a stream as its provider sends it. */
export const eventsOf = (bytes: Uint8Array | string): readonly Event[] =>
  parseSse(Buffer.from(bytes))
    .filter(({ kind }) => kind === 'event')
    .map(({ event, data }) => ({ event, data }))

/** The same request, for a stream that can be resumed. */
export const resumable = (request: RequestToSend): RequestToSend => ({
  ...request,
  headers: { ...request.headers, 'x-sluice-resume': '1' },
})

/** The id of a response's stream. Throws where it has none. */
export function streamIdOf(response: RawResponse): string {
  const id = response.header('x-sluice-stream-id')
  if (id === null) throw new Error('the stream cannot be resumed')
  return id
}

/** Comes back to a stream; without a last event, from its beginning. */
export const comeBack = (
  stand: Pick<Stand, 'ask'>,
  id: string,
  lastId: string | null = null,
  headers: Readonly<Record<string, string>> = {},
): Promise<Asking> =>
  stand.ask({
    path: `/v1/streams/${id}`,
    headers: { ...headers, ...(lastId !== null && { 'last-event-id': lastId }) },
  })

/** The whole answer to a client that comes back. */
export async function rest(
  stand: Pick<Stand, 'ask'>,
  id: string,
  lastId: string | null = null,
): Promise<RawResponse> {
  const { response } = await comeBack(stand, id, lastId)
  await response.ended()
  return response
}

/** Has a stream forgotten: what is kept of it would be found at the end of a test. */
export async function forget(stand: Pick<Stand, 'ask'>, id: string): Promise<void> {
  const { response } = await stand.ask({ method: 'DELETE', path: `/v1/streams/${id}` })
  await response.ended()
  expect(response.status).toBe(204)
}

/** Resolves when the response has so many events. */
export const untilEvents = (response: RawResponse, count: number): Promise<void> =>
  response.until(
    ({ bodyBytes }) => bodyBytes >= 0 && eventsIn(response) >= count,
    `${count} events`,
  )

const eventsIn = (response: RawResponse): number => readIn(response.body()).events.length

/** Closes a client's connection and waits until the program knows. */
export async function lose(stand: Stand, { client }: Asking, readers = 0): Promise<void> {
  client.reset()
  await eventually(() => stand.app.leftovers().readers === readers, 'the client is missed')
}

/** Expects an error in OpenAI's shape. */
export function expectCode(response: RawResponse, status: number, code: string): void {
  expect([response.status, JSON.parse(response.text()).error.code]).toEqual([status, code])
}

/** A provider that sends as many of its texts as it is let. */
export class Steps {
  readonly #texts: readonly string[]
  readonly #changes = new Changes()
  #allowed: number
  #isCut = false
  /** Streams that have got the head. */
  begun = 0

  constructor(texts: readonly string[], allowed = 0) {
    this.#texts = texts
    this.#allowed = allowed
  }

  /** Lets it go as far as the text of that index, or to the end. */
  allow(count = this.#texts.length): void {
    this.#allowed = count
    this.#changes.notify()
  }

  /** Lets it break the connection where it stands. */
  cut(): void {
    this.#isCut = true
    this.#changes.notify()
  }

  readonly script: UpstreamScript = async (_request, connection) => {
    await connection.head(200, { 'content-type': 'text/event-stream' })
    this.begun += 1
    for (const [index, text] of this.#texts.entries()) {
      const may = () => this.#allowed > index || this.#isCut
      await Promise.race([this.#changes.until(may, 'the next step', 20_000), connection.closed])
      if (connection.isClosed) return
      if (this.#isCut) return connection.reset()
      await connection.chunk(text)
    }
    await connection.end()
  }
}
