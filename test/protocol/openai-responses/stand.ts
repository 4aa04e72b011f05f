/** What the tests of this dialect share: recordings as answers, and the SDKs over a real socket. */
import { createOpenAI } from '@ai-sdk/openai'
import { streamText } from 'ai'
import OpenAI from 'openai'
import type { JsonObject } from '../../../src/core/json.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import type { HubRequest } from '../../../src/protocol/hub/request.ts'
import { openaiResponses } from '../../../src/protocol/openai-responses.ts'
import { type AnswerContext, translationOf } from '../../../src/protocol/translation.ts'
import { createDeframer } from '../../../src/sse/deframe.ts'
import type { Frame } from '../../../src/sse/frame.ts'
import { type Fixture, listFixtures, readFixture } from '../../kit/fixtures.ts'
import { eventually } from '../../kit/signal.ts'

/** Both halves of the dialect. */
export const translation = translationOf(openaiResponses)

/** Nothing in a path says anything here. */
export const noPath = { model: null, stream: null }

/** A request of this dialect with nothing in it; spread it and say what matters. */
export const emptyRequest: HubRequest = translation.readRequest({ model: 'm', input: [] }, noPath)

/** What a writer is told of the request. */
export const context: AnswerContext = {
  model: 'asked-for',
  requestId: 'req_123',
  createdS: 1_700_000_000,
  includeUsage: false,
  framing: 'sse',
  request: emptyRequest,
}

/** One event of the dialect, as its server sends it. */
export function sse(event: JsonObject): string {
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

/** The hub events of a stream of these events. */
export function decodeEvents(...events: readonly JsonObject[]): HubEvent[] {
  return [...decode(framesOf(events.map(sse).join('')))]
}

/** Hub events as this dialect's stream, written one by one. */
export function encode(events: readonly HubEvent[], request = emptyRequest): string {
  const writer = translation.writer({ ...context, request })
  return events.map((event) => writer.write([event])).join('')
}

/** The data of a stream's events, without `[DONE]`. */
export function dataOf(text: string): readonly Data[] {
  const frames = framesOf(text).filter(({ data }) => !data.startsWith('[DONE]'))
  return frames.map(({ data }) => JSON.parse(data))
}

/** An event as tests look at it. */
export interface Data {
  readonly type: string
  readonly sequence_number: number
  readonly output_index?: number
  readonly item_id?: string
  readonly item?: { readonly [key: string]: unknown }
  readonly response?: { readonly [key: string]: unknown }
  readonly [key: string]: unknown
}

/** One recorded answer. A file may hold several, one after the other. */
export interface Recording {
  readonly name: string
  readonly text: string
}

/** Every recorded answer of a provider that speaks this dialect. */
export function recordings(): readonly Recording[] {
  const isStream = ({ format }: Fixture) => format === 'raw-sse' || format === 'json-lines'
  return listFixtures({})
    .filter(isStream)
    .flatMap((fixture) => {
      const text = new TextDecoder().decode(readFixture(fixture))
      if (!text.slice(0, 1_000).includes('response.created')) return []
      const answers = fixture.format === 'raw-sse' ? [text] : answersOf(text)
      return answers.map((answer, index) => ({ name: `${fixture.file} #${index}`, text: answer }))
    })
}

function answersOf(lines: string): readonly string[] {
  const answers: string[] = []
  for (const line of lines.split('\n').filter(Boolean)) {
    const event = JSON.parse(line)
    const text = sse(event)
    if (event.type === 'response.created') answers.push(text)
    else answers.push((answers.pop() ?? '') + text)
  }
  return answers
}

/** A server that answers every request with what it was last given. */
export class Stand {
  readonly #server: ReturnType<typeof Bun.serve>
  #answer: () => Response = () => new Response(null, { status: 500 })
  readonly client: OpenAI

  constructor() {
    this.#server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => this.#answer() })
    const baseURL = `${this.#server.url}v1`
    this.client = new OpenAI({ baseURL, apiKey: 'any', maxRetries: 0, timeout: 10_000 })
  }

  /** Answers with a stream from now on. */
  streams(text: string): void {
    const headers = { 'content-type': 'text/event-stream; charset=utf-8' }
    this.#answer = () => new Response(text, { headers })
  }

  /** Answers with JSON from now on. */
  answers(body: unknown): void {
    this.#answer = () => Response.json(body)
  }

  /**
   * The response that the SDK puts together from a stream, event by event; what it raises is
   * thrown. It checks the life of every item on the way.
   */
  response(text: string): Promise<OpenAI.Responses.Response> {
    this.streams(text)
    return this.client.responses.stream({ model: 'm', input: 'Hi' }).finalResponse()
  }

  /** What the `ai` package reads in a stream. */
  async vercel(text: string) {
    this.streams(text)
    const provider = createOpenAI({ baseURL: `${this.#server.url}v1`, apiKey: 'any' })
    const errors: unknown[] = []
    const model = provider.responses('gpt-5')
    const options = { openai: { store: false } }
    const result = streamText({
      model,
      prompt: 'Hi',
      maxRetries: 0,
      providerOptions: options,
      onError: ({ error }) => {
        errors.push(error)
      },
    })
    await result.consumeStream()
    if (errors.length > 0) return { errors, text: '', reasoning: '', calls: [], finish: 'error' }
    const calls = (await result.toolCalls).map(({ toolCallId, toolName, input }) => ({
      // Calls that wait for an approval get a random id there.
      id: toolName.startsWith('mcp.') ? '' : toolCallId,
      toolName,
      input,
    }))
    const [said, reasoning] = [await result.text, await result.reasoningText]
    const finish = await result.finishReason
    const usage = await result.usage
    return { errors, text: said, reasoning: reasoning ?? '', calls, finish, usage }
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
