/** What clients choke on: an answer that says `Hello there`, dressed in every way it may come. */
import { type DialectName, streamedAnswers } from '../kit/dialect-answers.ts'
import type { UpstreamConnection } from '../kit/upstream-connection.ts'

/** The dialects that providers stream in here. */
export type Spoken = Extract<DialectName, 'chat' | 'messages'>

/** One way for a stream to come. */
export interface OddStream {
  /** Whether the answer is there in spite of it, or is lost, so that a reader must raise. */
  readonly comes: 'whole' | 'broken'
  /** Set where only bytes that pass can go on without a part; a translation cannot know which. */
  readonly cannotBeTranslated?: true
  send(connection: UpstreamConnection, dialect: Spoken): Promise<void>
}

type Dress = (events: readonly string[], dialect: Spoken) => string | Uint8Array

const eventStream = { 'content-type': 'text/event-stream' }

async function sendBody(connection: UpstreamConnection, body: string | Uint8Array): Promise<void> {
  await connection.head(200, eventStream)
  await connection.chunk(body)
  await connection.end()
}

const whole = (dress: Dress): OddStream => ({
  comes: 'whole',
  send: (connection, dialect) =>
    sendBody(connection, dress(streamedAnswers[dialect].events, dialect)),
})

/** The events as far as the first of the two words, and then `more`. */
const broken = (more: (dialect: Spoken) => string): OddStream => ({
  comes: 'broken',
  send: (connection, dialect) => sendBody(connection, begun(dialect) + more(dialect)),
})

function begun(dialect: Spoken): string {
  const { events, untilContent } = streamedAnswers[dialect]
  return events.slice(0, untilContent).join('')
}

/** After as much of the answer the connection ends in a way that is no end. */
const cutOff = (
  headers: Readonly<Record<string, string>>,
  end: (connection: UpstreamConnection) => void,
): OddStream => ({
  comes: 'broken',
  async send(connection, dialect) {
    await connection.head(200, { ...eventStream, ...headers })
    await connection.chunk(begun(dialect))
    end(connection)
  },
})

const withIds = (events: readonly string[]): string[] =>
  events.map((event, index) => `id: ${index}\n${event}`)

/** Puts the same block between all events, in front of the first, and behind the last. */
const between = (events: readonly string[], block: string): string =>
  block + events.map((event) => event + block).join('')

/** In the middle of the stream, where the first word has been said. */
function inside(
  events: readonly string[],
  dialect: Spoken,
  block: string | Uint8Array,
): Uint8Array {
  const at = streamedAnswers[dialect].untilContent
  const [before, after] = [events.slice(0, at).join(''), events.slice(at).join('')]
  return Buffer.concat([Buffer.from(before), Buffer.from(block), Buffer.from(after)])
}

/** JSON over several `data:` lines. */
const inLines = (event: string): string => event.replace(/data: \{/, 'data: {\ndata:')

const error = { message: 'Out of memory.', type: 'server_error', code: 'out_of_memory' }
const chatError = `data: ${JSON.stringify({ error })}\n\n`
const messagesError = `event: error\ndata: ${JSON.stringify({ type: 'error', error })}\n\n`
const errorIn = (dialect: Spoken): string => (dialect === 'chat' ? chatError : messagesError)

/** Streams of either dialect, by name. */
export const oddStreams: Readonly<Record<string, OddStream>> = {
  'as it should be': whole((events) => events.join('')),
  'comments, without ids': whole((events) => between(events, ': hb\n\n')),
  'ids and comments with a blank line': whole((events) => between(withIds(events), ': hb\n\n')),
  'ids and comments without one': whole((events) => between(withIds(events), ': hb\n')),
  'ids and blank lines': whole((events) => between(withIds(events), '\n\n')),
  'a retry as a block of its own': whole((events) => between(events, 'retry: 3000\n\n')),
  'an id as a block of its own': whole((events) => between(events, 'id: 7\n\n')),
  'a name as a block of its own': whole((events) => between(events, 'event: ping\n\n')),
  'empty data': whole((events, dialect) => inside(events, dialect, 'data:\n\n')),
  'empty data with a space': whole((events, dialect) => inside(events, dialect, 'data: \n\n')),
  'a byte order mark': whole((events) => `\uFEFF${events.join('')}`),
  'an event that is not UTF-8': whole((events, dialect) =>
    inside(events, dialect, Buffer.from('data: {"x":"\xFF\xFE"}\n\n', 'latin1')),
  ),
  'a comment that is not UTF-8': whole((events, dialect) =>
    inside(events, dialect, Buffer.from(': \xFF\xFE\n\n', 'latin1')),
  ),
  'an event that is not JSON': {
    ...whole((events, dialect) => inside(events, dialect, 'data: {oops\n\n')),
    cannotBeTranslated: true,
  },
  'an unknown event without anything': whole((events, dialect) =>
    inside(events, dialect, 'event: ping\ndata: {}\n\n'),
  ),
  'an unknown event with a type': whole((events, dialect) =>
    inside(events, dialect, 'event: ping\ndata: {"type": "ping"}\n\n'),
  ),
  'lines that end in CR': whole((events) => events.join('').replaceAll('\n', '\r')),
  'lines that end in CRLF': whole((events) => events.join('').replaceAll('\n', '\r\n')),
  'no space behind the colon': whole((events) => events.join('').replaceAll(': {', ':{')),
  'data in several lines': whole((events) => events.map(inLines).join('')),
  'no blank line at the end': whole((events) => events.join('').trimEnd()),
  'an error event': broken(errorIn),
  'an error event and a proper end': broken(
    (dialect) => errorIn(dialect) + (streamedAnswers[dialect].events.at(-1) ?? ''),
  ),
  'an end without a finish': broken(() => ''),
  'half an event': broken(() => 'data: {"choices":[{"delta":{"content":" th'),
  'a reset': cutOff({}, (connection) => connection.reset()),
  'no last chunk': cutOff({}, (connection) => connection.close()),
  'no last chunk, and `connection: close`': cutOff({ connection: 'close' }, (connection) =>
    connection.close(),
  ),
}

const errorAndChoices = {
  choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
  error,
}

/** What only chats have. */
export const oddChats: Readonly<Record<string, OddStream>> = {
  'events that are named `message`': whole((events) =>
    events.map((event) => `event: message\n${event}`).join(''),
  ),
  'an error in an event of that name': broken(() => `event: error\n${chatError}`),
  'an error in a chunk with choices': broken(
    () => `data: ${JSON.stringify(errorAndChoices)}\n\ndata: [DONE]\n\n`,
  ),
}
