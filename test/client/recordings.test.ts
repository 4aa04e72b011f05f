/**
 * Every recorded stream, read by the application's reader and, independently, by the one of the
 * server: both have to come to the same answer, or to an error at the same place.
 */
import { afterAll, expect, test } from 'bun:test'
import type { Answer } from '../../src/client/answer.ts'
import type { DialectName } from '../../src/client/dialects/dialect.ts'
import { StreamError } from '../../src/client/error.ts'
import { streamAnswer } from '../../src/client/stream.ts'
import { anthropicMessages } from '../../src/protocol/anthropic-messages.ts'
import { gemini } from '../../src/protocol/gemini.ts'
import { collect } from '../../src/protocol/hub/collect.ts'
import { openaiChat } from '../../src/protocol/openai-chat.ts'
import { openaiResponses } from '../../src/protocol/openai-responses.ts'
import type { Protocol } from '../../src/protocol/protocol.ts'
import { translationOf } from '../../src/protocol/translation.ts'
import { describeWithFixtures, type Fixture, listFixtures, readFixture } from '../kit/fixtures.ts'
import { decode } from '../protocol/replay.ts'

const paths: Readonly<Record<DialectName, string>> = {
  'openai-chat': '/v1/chat/completions',
  'openai-responses': '/v1/responses',
  'anthropic-messages': '/v1/messages',
  gemini: '/v1beta/models/m:streamGenerateContent',
}

const protocols: Readonly<Record<DialectName, Protocol>> = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  'anthropic-messages': anthropicMessages,
  gemini,
}

const byName = new Map<string, Fixture>()

/** Sends the recording that the query names, whatever is asked. */
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request) {
    const fixture = byName.get(new URL(request.url).searchParams.get('file') ?? '')
    if (fixture === undefined) return new Response(null, { status: 404 })
    const headers = { 'content-type': 'text/event-stream' }
    return new Response(readFixture(fixture).slice(), { headers })
  },
})
afterAll(() => server.stop(true))

function dialectOf({ exercises }: Fixture): DialectName | null {
  const api = /api=([a-z-]+)/.exec(exercises)?.[1] ?? ''
  return api in paths ? (api as DialectName) : null
}

/** What an answer comes to, in the words of both readers. */
interface Account {
  readonly id: string
  readonly model: string
  readonly content: string
  readonly reasoning: string
  readonly tools: readonly { readonly name: string; readonly input: string }[]
  readonly finish: string | null
  readonly native: string | null
  readonly tokens: readonly (number | null)[]
}

async function readByClient(fixture: Fixture, dialect: DialectName) {
  const address = new URL(paths[dialect], server.url)
  address.searchParams.set('file', fixture.file)
  const stream = streamAnswer({ url: address, body: {}, retriesMax: 0 })
  let error: StreamError | null = null
  try {
    for await (const _ of stream);
  } catch (thrown) {
    if (!(thrown instanceof StreamError)) throw thrown
    error = thrown
  }
  return { account: accountOf(stream.answer), error }
}

function accountOf(answer: Answer): Account {
  const { usage } = answer
  return {
    id: answer.id ?? '',
    model: answer.model ?? '',
    content: answer.content,
    reasoning: answer.reasoning,
    tools: answer.toolCalls.map(({ name, arguments: input }) => ({ name, input })),
    finish: answer.finishReason,
    native: answer.nativeFinishReason,
    tokens: [
      ...[usage?.inputTokens ?? null, usage?.outputTokens ?? null],
      ...[usage?.cachedInputTokens ?? null, usage?.reasoningTokens ?? null],
    ],
  }
}

function readByServer(fixture: Fixture, dialect: DialectName) {
  const translation = translationOf(protocols[dialect])
  const decoding = { framing: 'sse', reader: () => translation.reader() } as const
  const { id, model, choices, usage, error } = collect(decode(decoding, [readFixture(fixture)]))
  const { parts = [], finish = null } = choices.find(({ index }) => index === 0) ?? {}
  const account: Account = {
    ...{ id, model },
    content: parts
      .map((part) => (part.type === 'text' || part.type === 'refusal' ? part.text : ''))
      .join(''),
    reasoning: parts.map((part) => (part.type === 'reasoning' ? part.text : '')).join(''),
    tools: parts.flatMap((part) =>
      part.type === 'tool-call' ? [{ name: part.name, input: part.arguments }] : [],
    ),
    finish: finish?.reason ?? null,
    native: finish?.native ?? null,
    tokens: [
      ...[usage?.inputTokens ?? null, usage?.outputTokens ?? null],
      ...[usage?.cachedInputTokens ?? null, usage?.reasoningTokens ?? null],
    ],
  }
  return { account, error }
}

describeWithFixtures('recorded streams', () => {
  for (const fixture of listFixtures({ format: 'raw-sse' })) {
    const dialect = dialectOf(fixture)
    if (dialect === null) continue
    byName.set(fixture.file, fixture)
    test(fixture.file, async () => {
      const read = await readByClient(fixture, dialect)
      const expected = readByServer(fixture, dialect)
      expect(read.account).toEqual(expected.account)
      expect([read.error?.message ?? null, read.error !== null]).toEqual([
        expected.error?.message ?? null,
        expected.error !== null,
      ])
    })
  }

  test('are there in all dialects', () => {
    const known = [...byName.values()].map(dialectOf)
    for (const dialect of Object.keys(paths)) {
      expect(known.filter((name) => name === dialect).length).toBeGreaterThan(9)
    }
  })
})
