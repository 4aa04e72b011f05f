/**
 * Every recording of a chat completion: decoded however it is cut, compared with what the official
 * SDK reads of the original bytes over a socket, written again, and read by the SDK once more.
 */
import { expect, test } from 'bun:test'
import { createOpenAI } from '@ai-sdk/openai'
import { streamText } from 'ai'
import { collect } from '../../../src/protocol/hub/collect.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import { readChatStream } from '../../../src/protocol/openai-chat/stream-read.ts'
import { ChatStreamWriter } from '../../../src/protocol/openai-chat/stream-write.ts'
import { openaiChat } from '../../../src/protocol/openai-chat.ts'
import { translationOf } from '../../../src/protocol/translation.ts'
import { describeWithFixtures, type Fixture, listFixtures } from '../../kit/fixtures.ts'
import { type Account, accountOfEvents, accountOfSdk } from './account.ts'
import {
  bytesOf,
  contextOf,
  dataOf,
  eventsOf,
  framesOf,
  oneByOne,
  standOfFile,
  writtenAgain,
} from './stand.ts'

const stand = standOfFile()

/**
 * Recordings that are not the same events again, and what is different in them. All others are:
 * every frame, as parsed JSON.
 */
const exceptions: Readonly<Record<string, 'marker' | 'failure'>> = {
  // It ends well without the marker, which its dialect demands and every written stream has.
  'gpustack/rubyllm__stream-gpustack-qwen3-supports-stream.sse': 'marker',
  'perplexity/rubyllm__citations-with-perplexity-sonar-returns-search-result-citations-when-s.sse':
    'marker',
  'perplexity/rubyllm__with-extended-thinking-perplexity-sonar-reasoning-pro-thinking.sse':
    'marker',
  'writer/oltel__writer-async-streaming-chat-multiple-tool-call-requests-legacy.sse': 'marker',
  'writer/oltel__writer-async-streaming-chat-tool-call-request-legacy.sse': 'marker',
  // Its provider fails in the end. Failures are told in one shape, without what is not for clients.
  'groq/pydai__tool-use-failed-error-streaming.sse': 'failure',
}

/** Whether a recording is a chat, by its own first event. */
function isChat(fixture: Fixture): boolean {
  if (fixture.format !== 'raw-sse' && fixture.format !== 'json-lines') return false
  const [first] = framesOf([bytesOf(fixture).subarray(0, 65_536)])
  return /"object":\s?"chat\.completion|"choices":\[\{"delta"|"prompt_filter/.test(
    first?.data ?? '',
  )
}

const recordings = listFixtures({}).filter(isChat)

/** Snowflake gives no reason at all; its marker makes it a plain stop. */
function expected(account: Account, fixture: Fixture): Account {
  if (fixture.provider !== 'snowflake') return account
  return { ...account, choices: account.choices.map((each) => ({ ...each, finish: 'stop' })) }
}

/**
 * What must be the same after writing and reading: all but the repeats of usage, which is written
 * once and late, and what the list of losses names.
 */
function withoutRepeats(events: readonly HubEvent[]): unknown {
  const answer = collect(events)
  const choices = answer.choices.map((choice) => ({
    ...choice,
    finish: { ...choice.finish, details: null, native: null },
  }))
  // Snowflake has neither an id nor a time; a written answer always has.
  const head = answer.id === '' || answer.id.startsWith('chatcmpl-') ? { id: '', createdS: 0 } : {}
  return { ...answer, choices, error: answer.error?.message, ...head }
}

/** What the provider of the `ai` package reads. */
async function accountOfVercel() {
  const provider = createOpenAI({ baseURL: stand.baseUrl, apiKey: 'any' })
  const result = streamText({ model: provider.chat('m'), prompt: 'x', maxRetries: 0 })
  const calls: { id: string; name: string; input: unknown }[] = []
  let text = ''
  for await (const part of result.fullStream) {
    if (part.type === 'text-delta') text += part.text
    if (part.type === 'tool-call') {
      calls.push({ id: part.toolCallId, name: part.toolName, input: part.input })
    }
  }
  const usage = await result.usage
  return { text, calls, finish: await result.rawFinishReason, usage }
}

describeWithFixtures('recorded chats', () => {
  test('are all of them', () => {
    expect(recordings.length).toBeGreaterThanOrEqual(72)
    expect(new Set(recordings.map(({ provider }) => provider)).size).toBeGreaterThanOrEqual(17)
  })

  test('have every exception among them', () => {
    const files = recordings.map(({ file }) => file)
    expect(files).toEqual(expect.arrayContaining(Object.keys(exceptions)))
  })

  for (const fixture of recordings) {
    test(`${fixture.file}, the same events again`, () => {
      const bytes = bytesOf(fixture)
      const original = dataOf(bytes)
      const again = writtenAgain(translationOf(openaiChat), 'openai-chat', bytes)
      switch (exceptions[fixture.file]) {
        case undefined:
          expect(original.at(-1)).toBe('[DONE]')
          expect(again).toEqual(original)
          break
        case 'marker':
          expect(again).toEqual([...original, '[DONE]'])
          break
        case 'failure': {
          expect(again.slice(0, -1)).toEqual(original.slice(0, -1))
          const { error } = original.at(-1) as { error: Record<string, unknown> }
          const { failed_generation: _text, status_code: _status, ...told } = error
          expect(again.at(-1)).toEqual({ error: { ...told, param: null } })
        }
      }
    })

    test(`${fixture.file}, cut anywhere`, () => {
      const bytes = bytesOf(fixture)
      const events = eventsOf(readChatStream(), [bytes])
      expect(eventsOf(readChatStream(), oneByOne(bytes))).toEqual(events)
      // A reader sees frames only, so equal frames make equal events.
      const head = bytes.subarray(0, 4_600)
      const frames = JSON.stringify(framesOf([head]))
      for (let at = 1; at < Math.min(4_096, head.length); at += 1) {
        const cut = JSON.stringify(framesOf([head.subarray(0, at), head.subarray(at)]))
        if (cut !== frames) expect(`cut at ${at}: ${cut}`).toBe(frames)
      }
    }, 30_000)

    test(`${fixture.file}, as the SDK reads it`, async () => {
      const bytes = bytesOf(fixture)
      const events = eventsOf(readChatStream(), [bytes])
      stand.body = bytes
      const original = expected(await accountOfSdk(stand.client), fixture)
      expect(accountOfEvents(events)).toEqual(original)
      // A stream never ends by itself: there is an end or an error, once and last.
      const last = events.at(-1)?.type
      expect(last).toBe(original.failed ? 'error' : 'end')
    })

    test(`${fixture.file}, written again`, async () => {
      const events = eventsOf(readChatStream(), [bytesOf(fixture)])
      const writer = new ChatStreamWriter(contextOf())
      stand.body = events.map((event) => writer.write([event])).join('')
      const account = accountOfEvents(events)
      const read = await accountOfSdk(stand.client)
      expect(read).toEqual(account)
      const again = eventsOf(readChatStream(), [new TextEncoder().encode(`${stand.body}`)])
      expect(withoutRepeats(again)).toEqual(withoutRepeats(events))
      if (account.failed || account.choices.length !== 1) return
      const [choice] = account.choices
      const vercel = await accountOfVercel()
      // This provider shows a refusal as text.
      const words = `${choice?.text ?? ''}${choice?.refusal ?? ''}`
      expect([vercel.text, vercel.finish]).toEqual([words, choice?.finish ?? ''])
      expect(vercel.calls).toEqual(
        (choice?.calls ?? []).map((call) => ({
          id: call.id,
          name: call.name,
          input: JSON.parse(call.arguments),
        })),
      )
      expect(vercel.usage.inputTokens ?? null).toBe(account.usage?.input ?? null)
    })
  }
})
