/** Recorded answers of other providers, as a client of this dialect gets them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type OpenAI from 'openai'
import { type Collected, collect } from '../../../src/protocol/hub/collect.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import type { Part } from '../../../src/protocol/hub/request.ts'
import { protocols } from '../../../src/protocol/registry.ts'
import { translationOf } from '../../../src/protocol/translation.ts'
import { createDeframer } from '../../../src/sse/deframe.ts'
import { describeWithFixtures, listFixtures, readFixture } from '../../kit/fixtures.ts'
import { context, encode, noPath, Stand, translation } from './stand.ts'

let stand: Stand
beforeAll(() => {
  stand = new Stand()
})
afterAll(() => stand.close())

const named = new Map(Object.values(protocols).map((protocol) => [`${protocol.name}`, protocol]))

/** The dialects by the word that the index uses for them. */
const dialects: Readonly<Record<string, string>> = {
  'anthropic-messages': 'anthropic-messages',
  'openai-chat': 'openai-chat',
  gemini: 'gemini',
}

interface Answer {
  readonly file: string
  readonly events: readonly HubEvent[]
}

/** The events of every recorded stream of a dialect that this program reads. */
function answers(): readonly Answer[] {
  return listFixtures({ format: 'raw-sse' }).flatMap((fixture) => {
    const api = /api=([\w-]+)/.exec(fixture.exercises)?.[1] ?? ''
    const protocol = named.get(dialects[api] ?? '')
    if (protocol?.translation === null || protocol === undefined) return []
    const deframer = createDeframer('sse', 10_000_000)
    const reader = translationOf(protocol).reader()
    const frames = [...deframer.push(readFixture(fixture)), ...deframer.end()]
    const events = [...frames.flatMap((frame) => [...reader.read(frame)]), ...reader.end()]
    return [{ file: fixture.file, events }]
  })
}

/** What the hub has of the one answer that is told here. */
function summaryOf(collected: Collected) {
  const parts = collected.choices.find(({ index }) => index === 0)?.parts ?? []
  const said = (type: string) =>
    parts.map((part) => (part.type === type && 'text' in part ? part.text : '')).join('')
  return {
    text: said('text'),
    refusal: said('refusal'),
    reasoning: said('reasoning'),
    calls: parts.flatMap((part) =>
      part.type === 'tool-call' ? [[part.id, part.name, part.arguments]] : [],
    ),
  }
}

function summaryOfResponse({ output }: OpenAI.Responses.Response) {
  const content = output.flatMap((item) => (item.type === 'message' ? item.content : []))
  const summaries = output.flatMap((item) => (item.type === 'reasoning' ? item.summary : []))
  return {
    text: content.map((part) => (part.type === 'output_text' ? part.text : '')).join(''),
    refusal: content.map((part) => (part.type === 'refusal' ? part.refusal : '')).join(''),
    reasoning: summaries.map(({ text }) => text).join(''),
    calls: output.flatMap((item) =>
      item.type === 'function_call' ? [[item.call_id, item.name, item.arguments]] : [],
    ),
  }
}

/** The parts of a turn that the next one must have, without what is only for the answer. */
function replayable(parts: readonly Part[]): readonly object[] {
  return parts.flatMap((part): readonly object[] => {
    switch (part.type) {
      case 'text':
        return [{ text: part.text }]
      case 'refusal':
        return [{ refusal: part.text }]
      case 'tool-call': {
        const { id, name, arguments: text, signature } = part
        return [{ id, name, text, signature }]
      }
      case 'reasoning': {
        const { text, signature, redacted, signedBy } = part
        return [{ thought: text, signature, redacted, signedBy }]
      }
      default:
        return []
    }
  })
}

describeWithFixtures('recorded answers of others', () => {
  test('are many', () => {
    expect(answers().length).toBeGreaterThan(15)
  })

  describe.each(answers().map(({ file, events }) => [file, events] as const))(
    '%s',
    (_file, events) => {
      test('sent back is the turn that it was', () => {
        const collected = collect(events)
        if (collected.error !== null) return
        const { output } = translation.writeResponse(events, context)
        const { messages } = translation.readRequest({ model: 'm', input: output }, noPath)
        const parts = collected.choices.find(({ index }) => index === 0)?.parts ?? []
        expect(messages.length).toBeLessThanOrEqual(1)
        expect(replayable(messages[0]?.parts ?? [])).toEqual(replayable(parts))
      })

      test('is what both SDKs read', async () => {
        const collected = collect(events)
        const out = encode(events)
        if (collected.error !== null) {
          const raised = await stand.response(out).catch((thrown: unknown) => thrown)
          expect(raised).toMatchObject({
            message: expect.stringContaining(collected.error.message),
          })
          expect((await stand.vercel(out)).errors).toHaveLength(1)
          return
        }
        const response = await stand.response(out)
        expect(summaryOfResponse(response)).toEqual(summaryOf(collected))
        const { usage } = collected
        expect([response.usage?.input_tokens, response.usage?.output_tokens]).toEqual(
          usage === null
            ? [undefined, undefined]
            : [usage.inputTokens ?? 0, usage.outputTokens ?? 0],
        )
        const reason = collected.choices[0]?.finish?.reason ?? 'stop'
        const isCut = reason === 'length' || reason === 'content-filter'
        expect(response.status).toBe(isCut ? 'incomplete' : 'completed')
        const vercel = await stand.vercel(out)
        expect(vercel.errors).toEqual([])
        // The package tells a refusal as text.
        const { text, refusal } = summaryOf(collected)
        expect(vercel.text).toBe(text + refusal)
        expect(vercel.reasoning).toBe(summaryOf(collected).reasoning)
        expect(vercel.calls.map(({ id, toolName }) => [id, toolName])).toEqual(
          summaryOf(collected).calls.map(([id, name]) => [id ?? '', name ?? '']),
        )
      })
    },
  )
})
