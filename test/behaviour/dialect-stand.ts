/**
 * The provider's faults in more than one dialect: a client of one dialect, a provider of the same
 * or another one, and what an error must look like to that client wherever it comes.
 */
import { expect } from 'bun:test'
import { type ErrorCode, errorTable } from '../../src/core/errors.ts'
import { jsonRequest, type RequestToSend } from '../kit/client.ts'
import { type DialectName, type StreamedAnswer, streamedAnswers } from '../kit/dialect-answers.ts'
import type { RawResponse } from '../kit/response.ts'
import { parseSse } from '../kit/sse.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { type Stand, startStand } from './client-stand.ts'
import { chunked, sseHead } from './provider-stand.ts'

/** Who asks whom. */
export interface Pair {
  readonly client: DialectName
  readonly provider: DialectName
  /** With the provider's name in front. */
  readonly model: string
}

const openai = 'openai/gpt-test'
const anthropic = 'anthropic/claude-test'

/** Every dialect of a client, passed through and translated. */
export const pairs: readonly Pair[] = [
  { client: 'chat', provider: 'chat', model: openai },
  { client: 'completions', provider: 'completions', model: openai },
  { client: 'responses', provider: 'responses', model: openai },
  { client: 'messages', provider: 'messages', model: anthropic },
  { client: 'gemini', provider: 'gemini', model: 'gemini/gemini-test' },
  { client: 'chat', provider: 'messages', model: anthropic },
  { client: 'completions', provider: 'messages', model: anthropic },
  { client: 'responses', provider: 'messages', model: anthropic },
  { client: 'messages', provider: 'chat', model: openai },
  { client: 'gemini', provider: 'chat', model: openai },
]

/** The pairs as the rows of `test.each`, with a name in front. */
export const pairRows: readonly (readonly [string, Pair])[] = pairs.map((pair) => [
  `${pair.client} from ${pair.provider}`,
  pair,
])

/** Those that pass bytes along untouched, and the others. */
export const isPassthrough = ({ client, provider }: Pair): boolean => client === provider
/** The rows of pairs that pass bytes along untouched. */
export const passedRows = pairRows.filter(([, pair]) => isPassthrough(pair))
/** The rows of pairs that are translated. */
export const translatedRows = pairRows.filter(([, pair]) => !isPassthrough(pair))

/** Checks pairs side by side, where each of them waits for a clock. */
export async function sideBySide(
  rows: readonly (readonly [string, Pair])[],
  check: (pair: Pair) => Promise<void>,
): Promise<void> {
  const checks = rows.map(async ([name, pair]) => {
    try {
      await check(pair)
    } catch (thrown) {
      throw new Error(`${name}: ${thrown instanceof Error ? thrown.message : thrown}`)
    }
  })
  await Promise.all(checks)
}

/** Turns off what would ask again before the first content. */
export const noRetries = { RETRIES_MAX: '0' } as const

/** The variables that make the provider at `url` all the providers that the pairs name. */
export const pairEnvironment = (url: string): Record<string, string> => ({
  ANTHROPIC_API_KEY: 'sk-test',
  ANTHROPIC_BASE_URL: `${url}/v1`,
  GEMINI_API_KEY: 'key-test',
  GEMINI_BASE_URL: `${url}/v1beta`,
})

/** The variables that move all those providers to another origin, where nobody may be. */
export const allAt = (origin: string): Record<string, string> => ({
  OPENAI_BASE_URL: `${origin}/v1`,
  ANTHROPIC_BASE_URL: `${origin}/v1`,
  GEMINI_BASE_URL: `${origin}/v1beta`,
})

/** A stand for pairs. */
export const startPairs = (
  script: UpstreamScript,
  environment: Readonly<Record<string, string>> = {},
): Promise<Stand> => startStand(script, (url) => ({ ...pairEnvironment(url), ...environment }))

/** The answer that the provider of a pair streams. */
export const answerOf = ({ provider }: Pair): StreamedAnswer => streamedAnswers[provider]

/** All of its events. */
export const wholeOf = (pair: Pair): string => answerOf(pair).events.join('')

/** Its events as far as the first content. */
export function begunOf(pair: Pair): string {
  const { events, untilContent } = answerOf(pair)
  return events.slice(0, untilContent).join('')
}

/** A client's request. */
export function requestOf({ client, model }: Pair, stream = true): RequestToSend {
  const messages = [{ role: 'user', content: 'Hi' }]
  switch (client) {
    case 'chat':
      return jsonRequest('/v1/chat/completions', { model, stream, messages })
    case 'completions':
      return jsonRequest('/v1/completions', { model, stream, prompt: 'Hi' })
    case 'responses':
      return jsonRequest('/v1/responses', { model, stream, input: 'Hi' })
    case 'messages':
      return jsonRequest('/v1/messages', { model, stream, max_tokens: 10, messages })
    case 'gemini': {
      const call = stream ? 'streamGenerateContent?alt=sse' : 'generateContent'
      const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }]
      return jsonRequest(`/v1beta/models/${model}:${call}`, { contents })
    }
  }
}

/** How the provider sends its answer. */
export interface Sending {
  /** The head's bytes; a chunked event stream without it. */
  readonly head?: string
  /** How text is framed below that head; chunks without it. */
  readonly frame?: (text: string) => string
  readonly environment?: Readonly<Record<string, string>>
  /** Other first bytes of the body than those of the pair's answer. */
  readonly begun?: string
}

/** A stream that has begun. */
export interface Begun {
  readonly stand: Stand
  readonly response: RawResponse
}

/**
 * Asks for a stream; the provider sends it as far as the first content, waits until the client has
 * that, and goes on by `rest`. A reset overtakes what was sent before it, so it has to wait.
 */
export async function begin(
  pair: Pair,
  rest: UpstreamScript,
  { head = sseHead, frame = chunked, environment = {}, begun = begunOf(pair) }: Sending = {},
): Promise<Begun> {
  const seen = Promise.withResolvers<void>()
  const stand = await startPairs(async (request, connection) => {
    await connection.raw(head + frame(begun))
    await seen.promise
    await rest(request, connection)
  }, environment)
  const { response } = await stand.ask(requestOf(pair))
  await response.until((r) => r.ending !== null || r.text().includes('Hello'), 'the first content')
  seen.resolve()
  return { stand, response }
}

/** Ends that no broken stream may have, in any dialect. */
const endMarks = ['[DONE]', '"message_stop"', '"response.completed"', '"finishReason"']
const finishes = /"(?:finish_reason|stop_reason)":"/

/** What a client reads of an error of ours, in its dialect's own fields. */
function expectedError(client: DialectName, code: ErrorCode, message: string): object {
  const { status, type } = errorTable[code]
  switch (client) {
    case 'chat':
    case 'completions':
      return { error: { code, type, message } }
    case 'responses':
      return { type: 'error', code, message, error: { code, type, message } }
    case 'messages': {
      const own =
        status === 504 ? 'timeout_error' : status === 503 ? 'overloaded_error' : 'api_error'
      return { type: 'error', error: { type: own, message } }
    }
    case 'gemini':
      return { error: { code: status, message, details: [{ reason: code.toUpperCase() }, {}] } }
  }
}

/**
 * Expects that the last event is this error, in the client's dialect, and that none is before.
 * Behind it a translated response may say `response.failed`, the end that plain readers wait for.
 */
export function expectErrorEvent(
  response: RawResponse,
  pair: Pair,
  code: ErrorCode,
  message: string = errorTable[code].message,
): void {
  const { client } = pair
  const events = parseSse(response.body()).filter(({ kind }) => kind === 'event')
  // A response that has not begun cannot be said to have failed.
  if (client === 'responses' && !isPassthrough(pair) && events.length > 1) {
    expect(JSON.parse(events.pop()?.data ?? '{}')).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: { code, message } },
    })
  }
  const last = events.at(-1)
  expect(JSON.parse(last?.data ?? '{}')).toMatchObject(expectedError(client, code, message))
  const isNamed = client === 'responses' || client === 'messages'
  expect(last?.event ?? null).toBe(isNamed ? 'error' : null)
  const before = events.slice(0, -1).map(({ data }) => data)
  expect(before.filter((data) => /^\{"(?:type":"error"|error":\{)/.test(data))).toEqual([])
  for (const mark of endMarks) expect(response.text()).not.toContain(mark)
  expect(response.text()).not.toMatch(finishes)
}

/**
 * Expects a stream that broke after its first content: a 200 whose proper end is an error event in
 * the client's dialect, the content that came, a record of it, one attempt, and a provider that
 * was let go.
 */
export async function expectBroken(
  { stand, response }: Begun,
  pair: Pair,
  code: ErrorCode,
  message?: string,
): Promise<void> {
  expect(await response.ended()).toBe('complete')
  expect([response.status, response.header('content-type')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
  ])
  expect(response.text()).toContain('Hello')
  if (isPassthrough(pair)) expect(response.text()).toStartWith(begunOf(pair))
  expectErrorEvent(response, pair, code, message)
  expect((await stand.record(0)).errorCode).toBe(code)
  // After the first content nothing is asked for again.
  expect(stand.upstream.requestCount).toBe(1)
  await stand.upstream.until((upstream) => upstream.openConnections === 0, 'the close')
}

/** Asks, and waits for the end of the answer. */
export async function askPair(
  pair: Pair,
  script: UpstreamScript,
  { stream = true, environment = noRetries as Readonly<Record<string, string>> } = {},
): Promise<Begun> {
  const stand = await startPairs(script, environment)
  const { response } = await stand.ask(requestOf(pair, stream))
  await response.ended()
  return { stand, response }
}

/** Expects a refusal before the first content: this code's status and body, and nothing else. */
export function expectRefused(
  response: RawResponse,
  { client }: Pair,
  code: ErrorCode,
  message: string = errorTable[code].message,
): void {
  expect([response.status, response.ending]).toEqual([errorTable[code].status, 'complete'])
  const expected = expectedError(client, code, message)
  const body = JSON.parse(response.text())
  // Only the events of responses repeat the error outside of its object.
  if (client === 'responses') expect(body).toMatchObject({ error: { code, message } })
  else expect(body).toMatchObject(expected)
  expect(response.header('x-request-id')).toMatch(/^req_/)
  expect(response.header('content-type')).toStartWith('application/json')
}
