/**
 * What providers speak: how each dialect is framed and read here, and which SDK reads the original.
 * A dialect joins with a row of the table.
 */
import { MessageReader } from '../../src/protocol/anthropic-messages/stream-read.ts'
import { InvokeReader } from '../../src/protocol/bedrock-invoke/stream.ts'
import { protocols } from '../../src/protocol/registry.ts'
import { type EventReader, translationOf } from '../../src/protocol/translation.ts'
import { WatsonxReader } from '../../src/protocol/watsonx/stream.ts'
import type { Framing } from '../../src/sse/frame.ts'
import { awsBody } from '../protocol/bedrock-converse/aws-frames.ts'
import type { Account } from './account.ts'
import { readMessageStream } from './anthropic-readings.ts'
import { readContentStream } from './gemini-readings.ts'
import { readChatStream, readCompletionStream } from './openai-readings.ts'
import { readCohere, readConverse, readInvoke } from './provider-readings.ts'
import { readOllama, readWatsonx } from './raw-readings.ts'
import { readResponseEvents } from './responses-readings.ts'
import { eventStream, type Stand } from './stand.ts'

/** The names of what providers speak; `watsonx` and `bedrock-invoke` are streams only. */
export type SourceName =
  | 'chat'
  | 'completions'
  | 'responses'
  | 'messages'
  | 'gemini'
  | 'converse'
  | 'invoke'
  | 'cohere'
  | 'ollama'
  | 'watsonx'

/** One dialect that was recorded. */
interface Source {
  readonly framing: Framing
  reader(): EventReader
  /** Puts recorded JSON back into the framing that it lost. */
  frame(lines: readonly string[]): Uint8Array
  /** What the provider's own SDK reads of the bytes. */
  original(bytes: Uint8Array, stand: Stand, name: string): Promise<Account>
}

/** Recordings of which the publisher left out deltas; the whole text is at their end only. */
const shortened: ReadonlySet<string> = new Set(['openai-responses/vercel__openai-phase-1.jsonl #1'])

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const dataOnly = (lines: readonly string[]): Uint8Array =>
  utf8(lines.map((line) => `data: ${line}\n\n`).join(''))
const withMarker = (lines: readonly string[]): Uint8Array => dataOnly([...lines, '[DONE]'])
const withNames = (lines: readonly string[]): Uint8Array =>
  utf8(lines.map((line) => `event: ${JSON.parse(line).type}\ndata: ${line}\n\n`).join(''))
const awsEventStream = 'application/vnd.amazon.eventstream'

const readerOf = (name: keyof typeof protocols) => () => translationOf(protocols[name]).reader()

/** Every dialect, by name. */
export const sources: Readonly<Record<SourceName, Source>> = {
  chat: {
    framing: 'sse',
    reader: readerOf('chat'),
    frame: withMarker,
    original: (bytes, stand) => readChatStream(stand.serve(eventStream(bytes))),
  },
  completions: {
    framing: 'sse',
    reader: readerOf('completions'),
    frame: withMarker,
    original: (bytes, stand) => readCompletionStream(stand.serve(eventStream(bytes))),
  },
  responses: {
    framing: 'sse',
    reader: readerOf('responses'),
    frame: withNames,
    original: (bytes, stand, name) =>
      readResponseEvents(stand.serve(eventStream(bytes)), shortened.has(name)),
  },
  messages: {
    framing: 'sse',
    reader: () => new MessageReader(),
    frame: withNames,
    original: (bytes, stand) => readMessageStream(stand.serve(eventStream(bytes))),
  },
  gemini: {
    framing: 'sse',
    reader: readerOf('gemini'),
    frame: (lines) => utf8(lines.map((line) => `data: ${line}\r\n\r\n`).join('')),
    original: (bytes, stand) => readContentStream(stand.serve(eventStream(bytes))),
  },
  converse: {
    framing: 'aws-event-stream',
    reader: readerOf('converse'),
    frame: (lines) => awsBody(lines.map((line) => JSON.parse(line))),
    original: (bytes, stand) => readConverse(stand.serve({ bytes, type: awsEventStream })),
  },
  invoke: {
    framing: 'aws-event-stream',
    reader: () => new InvokeReader(),
    frame: (lines) => awsBody(lines.map((line) => JSON.parse(line))),
    original: (bytes, stand) => readInvoke(stand.serve({ bytes, type: awsEventStream })),
  },
  cohere: {
    framing: 'sse',
    reader: readerOf('cohere'),
    frame: withNames,
    original: (bytes, stand) => readCohere(stand.serve(eventStream(bytes))),
  },
  ollama: {
    framing: 'ndjson',
    reader: readerOf('ollama'),
    frame: (lines) => utf8(`${lines.join('\n')}\n`),
    original: async (bytes) => readOllama(bytes),
  },
  watsonx: {
    framing: 'sse',
    reader: () => new WatsonxReader(),
    frame: dataOnly,
    original: async (bytes) => readWatsonx(bytes),
  },
}
