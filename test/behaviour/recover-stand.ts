/** Routes that recover: two providers and more, and the official SDKs reading what comes. */
import Anthropic from '@anthropic-ai/sdk'
import { type GenerateContentResponse, GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import type { DialectName } from '../kit/dialect-answers.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import type { UpstreamConnection } from '../kit/upstream-connection.ts'
import type { Stand } from './client-stand.ts'
import { chunked, sseHead } from './provider-stand.ts'
import { answerEvents, dialectOfPath, errorEventOf, prefillIn } from './recover-answers.ts'
import { type RouteToTry, routeName, startRoute, type TargetToTry } from './route-stand.ts'

/** What is said, in the pieces in which it comes. Some are cut where other servers would not. */
export const words = [
  'Hel',
  'lo',
  ' ',
  'Wörld',
  ' 👋',
  '\n\n',
  'and "more"',
  ' of',
  ' it.',
] as const
/** The whole of it. */
export const wholeText = words.join('')

/** How an answer breaks. */
export const failures = ['reset', 'fin', 'end', 'error', 'idle'] as const
/** One of them. */
export type Failure = (typeof failures)[number]

/** What a target does with a request. `begun` resolves when the client has read some text. */
export type Behaviour = (asked: Asked, begun: Promise<void>) => Promise<void>

/** A request that a target got. */
export interface Asked {
  readonly dialect: DialectName
  /** The answer that it is to go on with, or null. */
  readonly prefill: string | null
  readonly connection: UpstreamConnection
}

/** Sends events, all in one chunk. */
export const send = (connection: UpstreamConnection, events: readonly string[]): Promise<void> =>
  connection.raw(sseHead + (events.length === 0 ? '' : chunked(events.join(''))))

/** Ends a stream that has begun. */
export async function fail({ connection, dialect }: Asked, failure: Failure): Promise<void> {
  switch (failure) {
    case 'reset':
      return connection.reset()
    case 'fin':
      return connection.close()
    case 'end':
      return connection.end()
    case 'error':
      await connection.raw(chunked(errorEventOf(dialect)))
      return connection.end()
    case 'idle':
      return
  }
}

/** Says the first of the words, and then fails. */
export const breaks =
  (failure: Failure, count = 4, id = 'one'): Behaviour =>
  async (asked, begun) => {
    const { dialect, connection } = asked
    const events = answerEvents({ dialect, id, words })
    const first = events.findIndex((event) => event.includes(words[0]))
    await send(connection, events.slice(0, first + count))
    await begun
    await fail(asked, failure)
  }

/** A text in other pieces than the words. */
export const inPieces = (text: string): readonly string[] => text.match(/[\s\S]{1,5}/gu) ?? []

/** Says everything; behind a prefill, what is missing, in other pieces. */
export const answers =
  (said: string = wholeText, id = 'two'): Behaviour =>
  async ({ dialect, prefill, connection }) => {
    if (prefill !== null && !said.startsWith(prefill)) throw new Error(`prefill '${prefill}'`)
    const rest = said.slice(prefill?.length ?? 0)
    await send(connection, answerEvents({ dialect, id, words: inPieces(rest) }))
    await connection.end()
  }

/** A stand whose targets behave so, in their order; each may be asked more than once. */
export async function startRecover(
  targets: readonly { readonly target: TargetToTry; readonly does: readonly Behaviour[] }[],
  environment: Readonly<Record<string, string>> = {},
  midstream: RouteToTry['midstream'] = 'recover',
): Promise<{ readonly stand: Stand; readonly begun: () => void }> {
  const begun = Promise.withResolvers<void>()
  const rest = targets.map(({ does }) => [...does])
  const names = targets.map(({ target }) => modelOf(target).split('/')[1] ?? '')
  const script: UpstreamScript = async (request, connection) => {
    const body = await request.text()
    const asked = names.findIndex(
      (name) => body.includes(`"model":"${name}"`) || request.path.includes(`/${name}:`),
    )
    const behaviour = rest[asked]?.shift()
    if (behaviour === undefined) throw new Error(`asked in vain: ${request.path} ${body}`)
    const dialect = dialectOfPath(request.path)
    await behaviour({ dialect, prefill: prefillIn(dialect, body), connection }, begun.promise)
  }
  const route = { targets: targets.map(({ target }) => target), midstream }
  const stand = await startRoute(script, route, environment)
  return { stand, begun: begun.resolve }
}

const modelOf = (target: TargetToTry): string =>
  typeof target === 'string' ? target : target.model

/** What an SDK read. */
export interface Reading {
  text: string
  /** The ids of the answer that its events said. */
  readonly ids: Set<string>
  /** How often the answer began, and how often it finished. */
  starts: number
  finishes: number
  readonly outputTokens: number[]
  readonly sequence: number[]
  raised: unknown
}

/** Reads an answer with the official SDK of a dialect. @param begun called at the first text. */
export async function readBySdk(
  client: DialectName,
  { origin }: URL,
  begun: () => void,
): Promise<Reading> {
  const reading: Reading = {
    ...{ text: '', ids: new Set<string>(), starts: 0, finishes: 0 },
    ...{ outputTokens: [], sequence: [], raised: null },
  }
  try {
    for await (const chunk of await streamOf(client, origin)) {
      take(client, chunk, reading)
      if (reading.text !== '') begun()
    }
  } catch (thrown) {
    reading.raised = thrown
  }
  begun()
  return reading
}

function streamOf(client: DialectName, origin: string): PromiseLike<AsyncIterable<unknown>> {
  const settings = { apiKey: 'any', maxRetries: 0, timeout: 20_000 }
  const openai = new OpenAI({ ...settings, baseURL: `${origin}/v1` })
  const messages = [{ role: 'user' as const, content: 'Hi' }]
  const model = routeName
  const stream = true as const
  const stream_options = { include_usage: true }
  switch (client) {
    case 'chat':
      return openai.chat.completions.create({ model, messages, stream, stream_options })
    case 'completions':
      return openai.completions.create({ model, prompt: 'Hi', stream })
    case 'responses':
      return openai.responses.create({ model, input: 'Hi', stream })
    case 'messages': {
      const anthropic = new Anthropic({ ...settings, baseURL: origin })
      return anthropic.messages.create({ model, messages, max_tokens: 10, stream })
    }
    case 'gemini': {
      const google = new GoogleGenAI({ apiKey: 'any', httpOptions: { baseUrl: origin } })
      return google.models.generateContentStream({ model, contents: 'Hi' })
    }
  }
}

/** What the SDK of each dialect hands out. */
interface Chunks {
  readonly chat: OpenAI.ChatCompletionChunk
  readonly completions: OpenAI.Completion
  readonly responses: OpenAI.Responses.ResponseStreamEvent
  readonly messages: Anthropic.RawMessageStreamEvent
  readonly gemini: GenerateContentResponse
}

function take(client: DialectName, chunk: unknown, reading: Reading): void {
  const reader = readers[client] as (said: unknown, into: Reading) => void
  reader(chunk, reading)
}

const readers: {
  readonly [Name in DialectName]: (chunk: Chunks[Name], reading: Reading) => void
} = {
  chat(chunk, reading) {
    reading.ids.add(`${chunk.id} ${chunk.model} ${chunk.created}`)
    const [choice] = chunk.choices
    if (chunk.usage) reading.outputTokens.push(chunk.usage.completion_tokens)
    if (choice?.delta.role !== undefined) reading.starts += 1
    reading.text += choice?.delta.content ?? ''
    if (choice?.finish_reason) reading.finishes += 1
  },
  completions(chunk, reading) {
    reading.ids.add(`${chunk.id} ${chunk.model} ${chunk.created}`)
    const [choice] = chunk.choices
    if (reading.text === '' && choice?.text) reading.starts += 1
    reading.text += choice?.text ?? ''
    if (choice?.finish_reason) reading.finishes += 1
  },
  responses(event, reading) {
    reading.sequence.push(event.sequence_number)
    if ('response' in event) reading.ids.add(event.response.id)
    if ('item_id' in event) reading.ids.add(event.item_id)
    if (event.type === 'response.output_item.added') {
      reading.ids.add(event.item.id ?? '')
      reading.starts += 1
    }
    if (event.type === 'response.output_text.delta') reading.text += event.delta
    if (event.type !== 'response.completed') return
    reading.finishes += 1
    reading.outputTokens.push(event.response.usage?.output_tokens ?? -1)
    const said = JSON.stringify(event.response.output)
    if (!said.includes(JSON.stringify(reading.text))) throw new Error(`the end says ${said}`)
  },
  messages(event, reading) {
    if (event.type === 'message_start') reading.ids.add(event.message.id)
    if (event.type === 'content_block_start') reading.starts += 1
    if (event.type === 'content_block_delta') {
      if (event.index !== 0) throw new Error(`a delta of block ${event.index}`)
      if (event.delta.type === 'text_delta') reading.text += event.delta.text
    }
    if (event.type === 'message_delta') reading.outputTokens.push(event.usage.output_tokens)
    if (event.type === 'message_stop') reading.finishes += 1
  },
  gemini(chunk, reading) {
    reading.ids.add(`${chunk.responseId} ${chunk.modelVersion}`)
    if (reading.text === '') reading.starts += 1
    reading.text += chunk.text ?? ''
    if (chunk.candidates?.[0]?.finishReason === undefined) return
    reading.finishes += 1
    reading.outputTokens.push(chunk.usageMetadata?.candidatesTokenCount ?? -1)
  },
}
