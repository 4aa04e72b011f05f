/** What the tests of this dialect share: recordings as answers, and the SDK over a real socket. */
import Anthropic from '@anthropic-ai/sdk'
import { anthropicMessages } from '../../../src/protocol/anthropic-messages.ts'
import { emptyRequest as requestTo } from '../../../src/protocol/hub/empty-request.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import type { HubRequest } from '../../../src/protocol/hub/request.ts'
import { type AnswerContext, translationOf } from '../../../src/protocol/translation.ts'
import { createDeframer } from '../../../src/sse/deframe.ts'
import type { Frame } from '../../../src/sse/frame.ts'
import { type Fixture, listFixtures, readFixture } from '../../kit/fixtures.ts'
import { eventually } from '../../kit/signal.ts'

/** Both halves of the dialect. */
export const translation = translationOf(anthropicMessages)

/** A request of this dialect with nothing in it; spread it and say what matters. */
export const emptyRequest: HubRequest = {
  ...requestTo('claude-sonnet-4-5', 'anthropic-messages'),
  outputTokensMax: 1_000,
}

/** What a writer is told of the request. */
export const context: AnswerContext = {
  model: 'claude-asked-for',
  requestId: 'req_123',
  createdS: 1_700_000_000,
  includeUsage: false,
  framing: 'sse',
  request: emptyRequest,
}

/** One event of the dialect, as its server sends it. */
export function sse(event: { readonly type: string }): string {
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

/** The hub events of a stream's frames, end included. */
export function decode(frames: readonly Frame[]): readonly HubEvent[] {
  const reader = translation.reader()
  return [...frames.flatMap((frame) => [...reader.read(frame)]), ...reader.end()]
}

/** Hub events as this dialect's stream, written one by one. */
export function encode(events: readonly HubEvent[]): string {
  const writer = translation.writer(context)
  return events.map((event) => writer.write([event])).join('')
}

/** One recorded answer. A file may hold several, one after the other. */
export interface Recording {
  readonly name: string
  readonly text: string
}

/** Every recorded answer of Anthropic. */
export function recordings(): readonly Recording[] {
  const streams = listFixtures({ provider: 'anthropic' }).filter(
    ({ format }) => format === 'raw-sse' || format === 'json-lines',
  )
  return streams.flatMap((fixture) =>
    answersOf(fixture).map((text, index) => ({ name: `${fixture.file} #${index}`, text })),
  )
}

function answersOf(fixture: Fixture): readonly string[] {
  const text = new TextDecoder().decode(readFixture(fixture))
  if (fixture.format === 'raw-sse') return [text]
  const events = text.split('\n').filter(Boolean)
  const answers: string[] = []
  let answer = ''
  for (const event of events) {
    answer += sse(JSON.parse(event))
    if (!event.includes('"message_stop"')) continue
    answers.push(answer)
    answer = ''
  }
  return answer === '' ? answers : [...answers, answer]
}

/** A server that answers every request with the body and status it was last given. */
export class Stand {
  readonly #server: ReturnType<typeof Bun.serve>
  #answer: () => Response = () => new Response(null, { status: 500 })
  readonly client: Anthropic

  constructor() {
    this.#server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => this.#answer() })
    const baseURL = `${this.#server.url}`.replace(/\/$/, '')
    this.client = new Anthropic({ baseURL, apiKey: 'any', maxRetries: 0, timeout: 10_000 })
  }

  /** Where the API begins, for other SDKs. */
  get baseUrl(): string {
    return `${this.#server.url}v1`
  }

  /** Answers with a stream from now on. */
  streams(text: string): void {
    const headers = { 'content-type': 'text/event-stream; charset=utf-8' }
    this.#answer = () => new Response(text, { headers })
  }

  /** Answers with JSON from now on. */
  answers(body: unknown, status = 200): void {
    this.#answer = () => Response.json(body, { status })
  }

  /** The message that the SDK puts together from a stream; what it raises is thrown. */
  message(text: string): Promise<Anthropic.Message> {
    this.streams(text)
    return this.client.messages.stream(params).finalMessage()
  }

  /** Ends the server; throws where a request is left. */
  async close(): Promise<void> {
    await eventually(
      () => this.#server.pendingRequests === 0,
      () => `${this.#server.pendingRequests} requests are left`,
    )
    await this.#server.stop(true)
  }
}

/** A request for the SDK to make. */
export const params: Anthropic.MessageCreateParamsNonStreaming = {
  model: 'claude',
  max_tokens: 10,
  messages: [{ role: 'user', content: 'Hi' }],
}
