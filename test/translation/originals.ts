/**
 * The recordings, as the bytes that were on the wire, and what each of them says by the provider's
 * own SDK.
 */
import type { HubEvent } from '../../src/protocol/hub/events.ts'
import { createDeframer } from '../../src/sse/deframe.ts'
import type { Frame } from '../../src/sse/frame.ts'
import { JsonArrayDeframer } from '../../src/sse/json-array.ts'
import { type Fixture, listFixtures, readFixture } from '../kit/fixtures.ts'
import { type Account, settled } from './account.ts'
import { type SourceName, sources } from './sources.ts'
import type { Stand } from './stand.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

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

/** Recordings that are no answer of a dialect, and what they are instead. */
export const unspoken: Readonly<Record<string, string>> = {
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
