/**
 * The recordings, as the bytes that were on the wire, and what each of them says by the provider's
 * own SDK. A dialect joins with a row of the table.
 */
import { MessageReader } from '../../src/protocol/anthropic-messages/stream-read.ts'
import { InvokeReader } from '../../src/protocol/bedrock-invoke/stream.ts'
import type { HubEvent } from '../../src/protocol/hub/events.ts'
import { protocols } from '../../src/protocol/registry.ts'
import { type EventReader, translationOf } from '../../src/protocol/translation.ts'
import { WatsonxReader } from '../../src/protocol/watsonx/stream.ts'
import { createDeframer } from '../../src/sse/deframe.ts'
import type { Frame, Framing } from '../../src/sse/frame.ts'
import { JsonArrayDeframer } from '../../src/sse/json-array.ts'
import { type Fixture, listFixtures, readFixture } from '../kit/fixtures.ts'
import { awsBody } from '../protocol/bedrock-converse/aws-frames.ts'
import { type Account, settled } from './account.ts'
import { readMessageStream } from './anthropic-readings.ts'
import { readContentStream } from './gemini-readings.ts'
import { readChatStream, readCompletionStream, readResponseEvents } from './openai-readings.ts'
import {
  readCohere,
  readConverse,
  readInvoke,
  readOllama,
  readWatsonx,
} from './provider-readings.ts'
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

/** One recorded stream; a file may hold several, one after the other. */
export interface Recording {
  readonly name: string
  readonly provider: string
  readonly source: SourceName
  /** The dialect whose objects are inside; another one's for Claude on Bedrock. */
  readonly speaks: SourceName
  readonly bytes: Uint8Array
  /** A body that is one JSON array, as Gemini streams without `alt=sse`. */
  readonly isArray: boolean
}

const byProvider: Readonly<Record<string, SourceName>> = {
  anthropic: 'messages',
  'bedrock-converse': 'converse',
  'bedrock-invoke': 'invoke',
  cohere: 'cohere',
  gemini: 'gemini',
  vertex: 'gemini',
  'ollama-native': 'ollama',
  'openai-completions': 'completions',
  watsonx: 'watsonx',
}

function sourceOf(fixture: Fixture, text: string): SourceName {
  const known = byProvider[fixture.provider]
  if (known !== undefined) return known
  return /"type": ?"response\.created"|"object": ?"response"/.test(text.slice(0, 10_000))
    ? 'responses'
    : 'chat'
}

/** Recordings that are no answer of a dialect; each is accounted for by its own test. */
const unspoken: Readonly<Record<string, string>> = {
  'writer/oltel__writer-async-streaming-completions-legacy.sse':
    'an API of Writer that is not one of the dialects',
}

/** Every recorded stream, errors apart. */
export function recordings(): readonly Recording[] {
  return listFixtures({})
    .filter(({ format, file }) => format !== 'json-error' && unspoken[file] === undefined)
    .flatMap(recordingsOf)
}

function recordingsOf(fixture: Fixture): readonly Recording[] {
  const { file, provider, format } = fixture
  const bytes = readFixture(fixture)
  const text = format === 'eventstream-binary' ? '' : new TextDecoder().decode(bytes)
  const source = sourceOf(fixture, text)
  const speaks = source === 'invoke' && file.includes('-anthropi') ? 'messages' : source
  const recording = { name: file, provider, source, speaks, bytes, isArray: false }
  if (format === 'json-lines') {
    return answersIn(text.split('\n').filter(Boolean), source).map((lines, index) => ({
      ...recording,
      name: `${file} #${index + 1}`,
      bytes: sources[source].frame(lines),
    }))
  }
  if (!file.endsWith('.replay.json')) {
    return [{ ...recording, isArray: file.endsWith('.array.json') }]
  }
  const { interactions } = JSON.parse(text) as {
    interactions: { response: { statusCode: number; bodySegments: unknown[] } }[]
  }
  return interactions
    .filter(({ response }) => response.statusCode === 200)
    .map(({ response }, index) => ({
      ...recording,
      name: `${file} #${index + 1}`,
      bytes: sources[source].frame(response.bodySegments.map((each) => JSON.stringify(each))),
    }))
}

/** Some files hold a conversation: each answer begins with the event that only begins one. */
function answersIn(lines: readonly string[], source: SourceName): readonly string[][] {
  const first = { messages: 'message_start', responses: 'response.created' }[source as string]
  const answers: string[][] = []
  let isOver = true
  for (const line of lines) {
    const { type } = JSON.parse(line)
    if (isOver || (source === 'responses' && type === first)) answers.push([])
    isOver = source === 'messages' && type === 'message_stop'
    answers.at(-1)?.push(line)
  }
  return answers
}

/** The frames of a body that comes in these chunks, without what only its end would complete. */
export function framesOf(
  { source, isArray }: Recording,
  chunks: Iterable<Uint8Array>,
): readonly Frame[] {
  const deframer = isArray ? arrayDeframer() : createDeframer(sources[source].framing, frameBytes)
  return [...chunks].flatMap((chunk) => [...deframer.push(chunk)])
}

/** The events of a body that comes in these chunks; without its end where `ended` is false. */
export function decode(
  { source, isArray }: Recording,
  chunks: Iterable<Uint8Array>,
  ended = true,
): readonly HubEvent[] {
  const { reader: makeReader, framing } = sources[source]
  const reader = makeReader()
  const deframer = isArray ? arrayDeframer() : createDeframer(framing, frameBytes)
  const events: HubEvent[] = []
  for (const chunk of chunks) {
    for (const frame of deframer.push(chunk)) events.push(...reader.read(frame))
  }
  if (!ended) return events
  for (const frame of deframer.end()) events.push(...reader.read(frame))
  return [...events, ...reader.end()]
}

/** The largest frame that is taken. */
const frameBytes = 16_000_000

function arrayDeframer() {
  const array = new JsonArrayDeframer(frameBytes)
  const frames = (texts: readonly string[]): readonly Frame[] =>
    texts.map((data) => ({ event: null, data }))
  return { push: (chunk: Uint8Array) => frames(array.push(chunk)), end: () => frames(array.end()) }
}

/**
 * What a recording says by the provider's own SDK, and by the rules about its end: SDKs do not mind
 * a stream that stops in the middle, but it is an error to everybody behind us (reference, 12.1).
 */
export async function originalOf(recording: Recording, stand: Stand): Promise<Account> {
  const { source, bytes } = recording
  const account = await sources[source].original(readableBytes(recording), stand, recording.name)
  if (account.failed || account.choices.some(({ finish }) => finish !== null)) return account
  const text = new TextDecoder().decode(bytes)
  if (!text.includes('data: [DONE]')) return { ...account, failed: true }
  // Snowflake gives no reason at all; its marker makes it a plain end.
  const choices = account.choices.map((choice) => ({
    ...choice,
    finish: settled('stop', choice.calls.length > 0),
  }))
  return { ...account, choices }
}

/**
 * The bytes as the provider's SDK can read them. Google's dies of a stream without its last line
 * end, and is sent the elements of an array as events; Anthropic's dies of a second start.
 */
export function readableBytes({ source, bytes, isArray, name }: Recording): Uint8Array {
  const text = new TextDecoder().decode(bytes)
  if (isArray) {
    const elements: unknown[] = JSON.parse(text)
    return sources.gemini.frame(elements.map((element) => JSON.stringify(element)))
  }
  if (source === 'gemini') return utf8(`${text.trimEnd()}\r\n\r\n`)
  if (!name.includes('duplicate-message-start')) return bytes
  const [first = '', ...others] = text.split('\n\n')
  const rest = others.filter((event) => !event.startsWith('event: message_start'))
  return utf8([first, ...rest].join('\n\n'))
}
