/** What the tests of the chat dialects share: decoding, and a server for the SDKs. */
import { afterAll } from 'bun:test'
import OpenAI from 'openai'
import { emptyRequest as requestTo } from '../../../src/protocol/hub/empty-request.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import type { HubRequest } from '../../../src/protocol/hub/request.ts'
import type { ProtocolName } from '../../../src/protocol/names.ts'
import type { AnswerContext, EventReader, Translation } from '../../../src/protocol/translation.ts'
import { createDeframer } from '../../../src/sse/deframe.ts'
import type { Frame } from '../../../src/sse/frame.ts'
import { type Fixture, readFixture } from '../../kit/fixtures.ts'
import { stopServer } from '../../kit/stop-server.ts'

/** The frames of a body that comes in these chunks. */
export function framesOf(chunks: Iterable<Uint8Array>): Frame[] {
  const deframer = createDeframer('sse', 10_000_000)
  const frames: Frame[] = []
  for (const chunk of chunks) frames.push(...deframer.push(chunk))
  return [...frames, ...deframer.end()]
}

/** Everything that a reader says of a body that comes in these chunks. */
export function eventsOf(reader: EventReader, chunks: Iterable<Uint8Array>): HubEvent[] {
  const events: HubEvent[] = []
  for (const frame of framesOf(chunks)) events.push(...reader.read(frame))
  return [...events, ...reader.end()]
}

/** The data of each frame as JSON; a marker stays the text that it is. */
export function dataOf(bytes: Uint8Array): readonly unknown[] {
  return framesOf([bytes]).map(({ data }) => (data === '[DONE]' ? data : JSON.parse(data)))
}

/** What a writer makes of the events of its own dialect, however many of them come at once. */
export function writtenAgain(
  { reader, writer }: Translation,
  dialect: ProtocolName,
  bytes: Uint8Array,
): readonly unknown[] {
  const events = eventsOf(reader(dialect), [bytes])
  const [single, batch] = [writer(contextOf()), writer(contextOf())]
  const text = events.map((event) => single.write([event])).join('')
  if (batch.write(events) !== text) throw new Error('it is written otherwise at once')
  return dataOf(new TextEncoder().encode(text))
}

/** `bytes` one by one. */
export function* oneByOne(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1) yield bytes.subarray(at, at + 1)
}

/** The bytes of a recording on the wire; recorded lines get the framing that they lost. */
export function bytesOf(fixture: Fixture): Uint8Array {
  const bytes = readFixture(fixture)
  if (fixture.format !== 'json-lines') return bytes
  const lines = new TextDecoder().decode(bytes).split('\n').filter(Boolean)
  return new TextEncoder().encode([...lines, '[DONE]'].map((line) => `data: ${line}\n\n`).join(''))
}

/** A stream of these data. */
export function streamOf(...data: readonly unknown[]): Uint8Array {
  const texts = data.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)))
  return new TextEncoder().encode(texts.map((text) => `data: ${text}\n\n`).join(''))
}

/** A request that says as little as possible. */
export function emptyRequest(rest: Partial<HubRequest> = {}): HubRequest {
  return {
    ...requestTo('asked', 'openai-chat'),
    stream: true,
    ...rest,
  }
}

/** The context of an answer to such a request. */
export function contextOf(rest: Partial<AnswerContext> = {}): AnswerContext {
  return {
    model: 'asked',
    requestId: 'req_abc',
    createdS: 1_700_000_000,
    includeUsage: true,
    framing: 'sse',
    request: emptyRequest(),
    ...rest,
  }
}

/** A server on a real socket that answers every request with the same body. */
export interface Stand {
  readonly client: OpenAI
  readonly baseUrl: string
  body: Uint8Array | string
  contentType: string
  stop(): Promise<void>
}

function startStand(): Stand {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () =>
      new Response(Buffer.from(stand.body), { headers: { 'content-type': stand.contentType } }),
  })
  const baseUrl = `${server.url}v1`
  const stand: Stand = {
    client: new OpenAI({ baseURL: baseUrl, apiKey: 'any', maxRetries: 0, timeout: 20_000 }),
    baseUrl,
    body: '',
    contentType: 'text/event-stream; charset=utf-8',
    stop: () => stopServer(server),
  }
  return stand
}

/** A stand for all tests of a file. It starts before them and stops behind them. */
export function standOfFile(): Stand {
  const stand = startStand()
  afterAll(() => stand.stop())
  return stand
}
