/** What the tests of the Gemini dialect share: recordings, summaries of answers, a server. */
import { type GenerateContentResponse, GoogleGenAI } from '@google/genai'
import { GatewayError } from '../../../src/core/errors.ts'
import { isObject } from '../../../src/core/json.ts'
import { GeminiReader } from '../../../src/protocol/gemini/stream-read.ts'
import { emptyRequest as requestTo } from '../../../src/protocol/hub/empty-request.ts'
import type { HubEvent, HubUsage } from '../../../src/protocol/hub/events.ts'
import type { HubRequest, Part } from '../../../src/protocol/hub/request.ts'
import type { ProtocolName } from '../../../src/protocol/names.ts'
import type { AnswerContext } from '../../../src/protocol/translation.ts'
import { createDeframer } from '../../../src/sse/deframe.ts'
import { JsonArrayDeframer } from '../../../src/sse/json-array.ts'
import { type Fixture, listFixtures, readFixture } from '../../kit/fixtures.ts'
import { stopServer } from '../../kit/stop-server.ts'

const utf8 = new TextEncoder()
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** One recorded stream: the bytes as they were on the wire, or as they would have been. */
export interface Recording {
  readonly name: string
  readonly framing: 'sse' | 'json-array'
  readonly bytes: Uint8Array
}

const asSse = (chunks: readonly unknown[]): Uint8Array =>
  utf8.encode(chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`).join(''))

/** Every recorded stream of Gemini and Vertex. */
export function recordings(): readonly Recording[] {
  return listFixtures({ provider: ['gemini', 'vertex'] }).flatMap(recordingsOf)
}

function recordingsOf(fixture: Fixture): readonly Recording[] {
  const name = fixture.file
  const bytes = readFixture(fixture)
  if (name.endsWith('.sse')) return [{ name, framing: 'sse', bytes }]
  if (name.endsWith('.array.json')) return [{ name, framing: 'json-array', bytes }]
  if (name.endsWith('.jsonl')) {
    const chunks = text(bytes)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
    return [{ name, framing: 'sse', bytes: asSse(chunks) }]
  }
  if (!name.endsWith('.replay.json')) return []
  const { interactions } = JSON.parse(text(bytes)) as {
    interactions: { response: { statusCode: number; bodySegments: unknown[] } }[]
  }
  return interactions
    .map(({ response }, index) => ({ response, name: `${name} #${index + 1}` }))
    .filter(({ response }) => response.statusCode === 200)
    .map((one) => ({ ...one, framing: 'sse', bytes: asSse(one.response.bodySegments) }) as const)
}

/** The hub events of a body that came in these chunks, for a client of that dialect. */
export function decode(
  chunks: Iterable<Uint8Array>,
  framing: Recording['framing'] = 'sse',
  client: ProtocolName | null = null,
): readonly HubEvent[] {
  const reader = new GeminiReader(client)
  const events: HubEvent[] = []
  if (framing === 'json-array') {
    const array = new JsonArrayDeframer(1 << 20)
    const read = (data: string): void => void events.push(...reader.read({ event: null, data }))
    for (const chunk of chunks) array.push(chunk).forEach(read)
    array.end().forEach(read)
  } else {
    const deframer = createDeframer('sse', 1 << 20)
    for (const chunk of chunks) {
      for (const frame of deframer.push(chunk)) events.push(...reader.read(frame))
    }
    for (const frame of deframer.end()) events.push(...reader.read(frame))
  }
  events.push(...reader.end())
  return events
}

/** The hub events of chunks given as objects. */
export const decodeChunks = (...chunks: readonly unknown[]): readonly HubEvent[] =>
  decode([asSse(chunks)])

/** One byte a chunk. */
export function* bytewise(bytes: Uint8Array): Generator<Uint8Array> {
  for (let index = 0; index < bytes.length; index += 1) yield bytes.subarray(index, index + 1)
}

/** What a user has of an answer, whoever reads it. */
export interface Summary {
  readonly text: string
  readonly reasoning: string
  readonly calls: readonly { readonly name: string; readonly args: unknown }[]
  readonly input: number | null
  readonly output: number | null
  readonly thoughts: number | null
}

/** The summary of hub events. */
export function summaryOf(events: readonly HubEvent[]): Summary {
  const calls = new Map<number, { name: string; text: string }>()
  let usage: HubUsage | null = null
  let said = ''
  let reasoning = ''
  for (const event of events) {
    if (event.type === 'text-delta') said += event.text
    else if (event.type === 'reasoning-delta') reasoning += event.text
    else if (event.type === 'usage') usage = event.usage
    else if (event.type === 'tool-start') calls.set(event.block, { name: event.name, text: '' })
    else if (event.type === 'tool-delta') {
      const call = calls.get(event.block)
      if (call !== undefined) call.text += event.arguments
    }
  }
  return {
    text: said,
    reasoning,
    calls: [...calls.values()].map((call) => ({ name: call.name, args: JSON.parse(call.text) })),
    input: usage?.inputTokens ?? null,
    output: usage?.outputTokens ?? null,
    thoughts: usage?.reasoningTokens ?? null,
  }
}

/** What the official SDK reads: each chunk as it gives it to its user. */
export function summaryOfChunks(chunks: readonly GenerateContentResponse[]): Summary {
  const parts = chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? [])
  const texts = (thought: boolean): string =>
    parts
      .filter((part) => (part.thought ?? false) === thought)
      .map((part) => part.text ?? '')
      .join('')
  const counts = chunks
    .map((chunk) => chunk.usageMetadata)
    .filter((usage) => usage?.promptTokenCount !== undefined || usage?.candidatesTokenCount)
  const usage = counts.at(-1)
  const sum = (one?: number, other?: number): number | null =>
    one === undefined && other === undefined ? null : (one ?? 0) + (other ?? 0)
  return {
    text: texts(false),
    reasoning: texts(true),
    calls: parts.flatMap(({ functionCall }) =>
      functionCall?.name === undefined
        ? []
        : [{ name: functionCall.name, args: functionCall.args ?? {} }],
    ),
    input: sum(usage?.promptTokenCount, usage?.toolUsePromptTokenCount),
    output: sum(usage?.candidatesTokenCount, usage?.thoughtsTokenCount),
    thoughts: usage?.thoughtsTokenCount ?? null,
  }
}

/** A server that answers every request with one body, and the official SDK in front of it. */
export class ScriptedGemini {
  body: string | (() => Response) = ''
  readonly requests: { readonly path: string; readonly body: unknown }[] = []
  readonly #server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      const url = new URL(request.url)
      this.requests.push({ path: url.pathname + url.search, body: await request.json() })
      if (typeof this.body === 'function') return this.body()
      const type = url.pathname.endsWith(':generateContent')
        ? 'application/json'
        : 'text/event-stream'
      return new Response(this.body, { headers: { 'content-type': type } })
    },
  })
  readonly origin = this.#server.url.origin
  readonly client = new GoogleGenAI({
    apiKey: 'any',
    httpOptions: { baseUrl: this.origin, timeout: 10_000 },
  })

  /** The chunks that the SDK reads, and what it raised. */
  async stream(): Promise<{ chunks: GenerateContentResponse[]; raised: unknown }> {
    const chunks: GenerateContentResponse[] = []
    try {
      const stream = await this.client.models.generateContentStream({
        model: 'gemini-3-flash',
        contents: 'hi',
      })
      for await (const chunk of stream) chunks.push(chunk)
      return { chunks, raised: null }
    } catch (raised) {
      return { chunks, raised }
    }
  }

  stop(): Promise<void> {
    return stopServer(this.#server)
  }
}

/** A request of which nothing is said. */
export const emptyRequest: HubRequest = requestTo('gemini-3-flash', 'gemini')

/** What a writer is told. */
export const answerContext = (framing: AnswerContext['framing'] = 'sse'): AnswerContext => ({
  model: 'asked-model',
  requestId: 'req_1',
  createdS: 1_700_000_000,
  includeUsage: false,
  framing,
  request: emptyRequest,
})

/** The chunks in the text that a writer made. */
export function chunksOf(written: string): readonly Record<string, unknown>[] {
  return written
    .split('\r\n\r\n')
    .filter(Boolean)
    .map((event) => {
      if (!event.startsWith('data: ')) throw new Error(`no event: ${event}`)
      const chunk: unknown = JSON.parse(event.slice('data: '.length))
      if (!isObject(chunk)) throw new Error('no object')
      return chunk
    })
}

/** A text of the hub. */
export const hubText = (said: string): Part => ({
  type: 'text',
  text: said,
  citations: [],
  cache: null,
  signature: null,
})

/** The code and parameter of the refusal that `run` ends in; null where it ends well. */
export function refusal(run: () => unknown): { code: string; param: string | undefined } | null {
  try {
    run()
    return null
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    return { code: thrown.code, param: thrown.detail.param }
  }
}
