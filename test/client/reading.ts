/** Reading streams with the application's reader, and the servers that the tests put before it. */
import type { Answer } from '../../src/client/answer.ts'
import type { DialectName } from '../../src/client/dialects/dialect.ts'
import { StreamError } from '../../src/client/error.ts'
import type { StreamEvent } from '../../src/client/events.ts'
import type { StreamRequest } from '../../src/client/request.ts'
import { type AnswerStream, streamAnswer } from '../../src/client/stream.ts'
import { sendJson } from '../kit/answers.ts'
import { type DialectName as AnswerName, streamedAnswers } from '../kit/dialect-answers.ts'
import { startUpstream, type Upstream, type UpstreamScript } from '../kit/upstream.ts'
import type { HeadersToSend, UpstreamConnection } from '../kit/upstream-connection.ts'

/** What came of a stream. */
export interface Reading {
  readonly events: readonly StreamEvent[]
  readonly answer: Answer
  readonly error: StreamError | null
}

/** Reads all of a stream. Throws only what is no `StreamError`. */
export async function readAll(stream: AnswerStream): Promise<Reading> {
  const events: StreamEvent[] = []
  let error: StreamError | null = null
  try {
    for await (const event of stream) events.push(event)
  } catch (thrown) {
    if (!(thrown instanceof StreamError)) throw thrown
    error = thrown
  }
  return { events, answer: stream.answer, error }
}

/** A request in each dialect, and the answer of `streamedAnswers` to it. */
export const requests: Readonly<
  Record<
    DialectName,
    {
      readonly answer: AnswerName
      readonly path: (model: string) => string
      readonly body: (model: string) => object
    }
  >
> = {
  'openai-chat': {
    answer: 'chat',
    path: () => '/v1/chat/completions',
    body: (model) => ({
      ...{ model, messages: [{ role: 'user', content: 'Hi' }] },
      stream_options: { include_usage: true },
    }),
  },
  'openai-responses': {
    answer: 'responses',
    path: () => '/v1/responses',
    body: (model) => ({ model, input: 'Hi' }),
  },
  'anthropic-messages': {
    answer: 'messages',
    path: () => '/v1/messages',
    body: (model) => ({ model, max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] }),
  },
  gemini: {
    answer: 'gemini',
    path: (model) => `/v1beta/models/${model}:streamGenerateContent`,
    body: () => ({ contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }),
  },
}

/** All dialects. */
export const dialectNames = Object.keys(requests) as readonly DialectName[]

/** A stream in a dialect, not yet read; nothing is retried unless `more` says so. */
export function streamOf(
  address: string | URL,
  dialect: DialectName,
  more: Partial<StreamRequest> = {},
  model = 'gpt-test',
): AnswerStream {
  const { path, body } = requests[dialect]
  return streamAnswer({
    ...{ url: new URL(path(model), address), body: body(model), retriesMax: 0 },
    ...more,
  })
}

/** The events of the answer in a dialect, as they are on the wire. */
export const eventsOf = (dialect: DialectName): readonly string[] =>
  streamedAnswers[requests[dialect].answer].events

const eventStream = { 'content-type': 'text/event-stream' }

/** A server, and its end: nothing was left at work, and no script threw. */
export interface Servers extends AsyncDisposable {
  start(script: UpstreamScript): Upstream
}

/** Servers of one test. */
export function startServers(): Servers {
  const started: Upstream[] = []
  return {
    start(script) {
      const server = startUpstream(script)
      started.push(server)
      return server
    },
    async [Symbol.asyncDispose]() {
      for (const server of started) {
        await server.until((seen) => seen.busyConnections === 0, 'all scripts to return')
        server.stop()
      }
    },
  }
}

/** Sends the head of a stream. */
export const openStream = (
  connection: UpstreamConnection,
  headers: HeadersToSend = {},
): Promise<void> => connection.head(200, { ...eventStream, ...headers })

/** Sends these bytes as a whole stream, in these pieces. */
export async function sendStream(
  connection: UpstreamConnection,
  pieces: readonly (string | Uint8Array)[],
): Promise<void> {
  await openStream(connection)
  for (const piece of pieces) await connection.chunk(piece)
  await connection.end()
}

/** Refuses with an error in OpenAI's shape. */
export const refuse = (
  connection: UpstreamConnection,
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> => {
  const error = { message: `It is ${code}.`, type: 'server_error', param: null, code }
  return sendJson(connection, status, { error }, headers)
}
