/** Every recorded response: cut anywhere, through the hub and back, beside what the SDK reads. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type OpenAI from 'openai'
import { type Collected, collect } from '../../../src/protocol/hub/collect.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import { describeWithFixtures } from '../../kit/fixtures.ts'
import { framesOf } from '../answer-server.ts'
import { type Data, dataOf, decode, encode, recordings, Stand, translation } from './stand.ts'

let stand: Stand
beforeAll(() => {
  stand = new Stand()
})
afterAll(() => stand.close())

/** Its provider failed, which is all that there is to read in it. */
const isFailure = (name: string) => name.includes('openai-error')

/** The SDK dies of the events of a patch, which it does not know. */
const isUnreadable = (name: string) => name.includes('apply-patch')

/** Its deltas were shortened by whoever kept it. */
const isShortened = (name: string) => name.includes('phase-1.jsonl')

const head = { obfuscation: 0, sequence_number: 0, logprobs: 0 }

/** An event without what differs between two streams that say the same. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key]) => !(key in head))
  return Object.fromEntries(entries.map(([key, inner]) => [key, comparable(inner)]))
}

const isOfResponse = ({ response }: Data) => response !== undefined

/** Whether the status of a call and the numbers of items are as a server would give them. */
const isCurated = (name: string) => /phase-1\.jsonl|programmatic/.test(name)

/** Laws that hold for every answer. */
function checkOrder(events: readonly HubEvent[]): void {
  const types = events.map(({ type }) => type)
  expect(types[0]).toBe('start')
  expect(types.slice(-2)).toEqual(['finish', 'end'])
  expect(types.filter((type) => type === 'start' || type === 'end')).toHaveLength(2)
  const begun = [...new Set(events.flatMap((event) => ('block' in event ? [event.block] : [])))]
  expect(begun).toEqual(begun.map((_, index) => index))
  const ended = events.flatMap((event) => (event.type === 'block-end' ? [event.block] : []))
  expect(new Set(ended)).toEqual(new Set(begun))
  expect(ended).toHaveLength(begun.length)
}

/** What the hub read, by kind. */
function summaryOf(collected: Collected) {
  const parts = collected.choices[0]?.parts ?? []
  const texts = parts.filter((part) => part.type === 'text')
  const calls = parts.filter((part) => part.type === 'tool-call')
  const thoughts = parts.filter((part) => part.type === 'reasoning')
  return {
    text: texts.map(({ text }) => text).join(''),
    cited: texts.flatMap(({ citations }) => citations).length,
    calls: calls.map(({ id, name, arguments: text }) => [id, name, JSON.parse(text)]),
    thoughts: thoughts.map(({ text }) => text).filter((text) => text !== ''),
    // Azure and OpenAI encrypt anew whenever they say an item again.
    secrets: thoughts.filter(({ signature, redacted }) => signature ?? redacted).length,
    usage: [collected.usage?.inputTokens, collected.usage?.outputTokens],
  }
}

/** The same of what the SDK put together. */
function summaryOfResponse({ output, usage }: OpenAI.Responses.Response) {
  const calls = output.filter((item) => item.type === 'function_call')
  const thoughts = output.filter((item) => item.type === 'reasoning')
  const parts = output.flatMap((item) => (item.type === 'message' ? item.content : []))
  const said = parts.filter((part) => part.type === 'output_text')
  return {
    text: said.map(({ text }) => text).join(''),
    cited: said.flatMap(({ annotations }) => annotations).length,
    calls: calls.map(({ call_id, name, arguments: text }) => [call_id, name, JSON.parse(text)]),
    thoughts: thoughts
      .map(({ summary, content }) => [...summary, ...(content ?? [])])
      .map((texts) => texts.map(({ text }) => text).join('\n\n'))
      .filter((text) => text !== ''),
    secrets: thoughts.filter(({ encrypted_content }) => encrypted_content).length,
    usage: [usage?.input_tokens, usage?.output_tokens],
  }
}

describeWithFixtures('recorded responses', () => {
  test('are all of them', () => {
    expect(recordings().length).toBeGreaterThanOrEqual(38)
  })

  const answers = recordings().filter(({ name }) => !isFailure(name))
  describe.each(answers.map(({ name, text }) => [name, text] as const))('%s', (name, text) => {
    const bytes = new TextEncoder().encode(text)
    const frames = framesOf(bytes)
    const events = decode(frames)

    test('reads the same however it is cut', () => {
      checkOrder(events)
      const single = Array.from(bytes, (byte) => Uint8Array.of(byte))
      const [cut, whole] = [framesOf(...single), frames]
      expect(cut).toEqual(whole)
      expect(decode(cut)).toEqual(events)
      const beginning = bytes.subarray(0, 5_000)
      const first = framesOf(beginning)
      for (let at = 1; at <= Math.min(4_096, beginning.length); at += 1) {
        const pieces = framesOf(beginning.subarray(0, at), beginning.subarray(at))
        if (!Bun.deepEquals(pieces, first)) throw new Error(`cut at ${at} it reads differently`)
      }
    })

    test('is the same events again', () => {
      const original = dataOf(text).filter((event) => !isOfResponse(event))
      const again = dataOf(encode(events)).filter((event) => !isOfResponse(event))
      const types = (of: readonly Data[]) => of.map(({ type }) => type)
      // A message is done when something follows; OpenRouter says so while reasoning still goes on.
      if (name.startsWith('openrouter')) {
        expect(types(again).sort()).toEqual(types(original).sort())
        return
      }
      expect(types(again)).toEqual(types(original))
      if (!isCurated(name)) expect(comparable(again)).toEqual(comparable(original))
      const numbers = dataOf(encode(events)).map(({ sequence_number }) => sequence_number)
      expect(numbers).toEqual(numbers.map((_, index) => index))
    })

    test('is the same answer where it comes whole', () => {
      if (isShortened(name)) return
      const response = dataOf(text).at(-1)?.response ?? {}
      const whole = collect(translation.readResponse(response))
      expect(summaryOf(whole)).toEqual(summaryOf(collect(events)))
      expect([whole.id, whole.model]).toEqual([collect(events).id, collect(events).model])
      expect(whole.choices[0]?.finish).toEqual(collect(events).choices[0]?.finish ?? null)
    })

    test('says what the SDK reads in it', async () => {
      const original = dataOf(text).at(-1)?.response
      const raised = await stand.response(text).catch((thrown: unknown) => thrown)
      expect(raised instanceof Error).toBe(isUnreadable(name))
      const read = isUnreadable(name) ? null : (raised as OpenAI.Responses.Response)
      const collected = collect(events)
      if (read !== null && !isShortened(name)) {
        expect(summaryOf(collected)).toEqual(summaryOfResponse(read))
        expect([collected.id, collected.model]).toEqual([read.id, read.model])
        const again = await stand.response(encode(events))
        expect(summaryOfResponse(again)).toEqual(summaryOfResponse(read))
        expect([again.id, again.model, again.status]).toEqual([read.id, read.model, read.status])
      }
      expect(collected.id).toBe(String(original?.id))
    })

    test('says what the `ai` package reads in it', async () => {
      const [read, again] = [await stand.vercel(text), await stand.vercel(encode(events))]
      expect(again).toEqual(read)
      if (read.errors.length > 0) return
      const { thoughts, text: said, calls } = summaryOf(collect(events))
      expect(read.text).toBe(said)
      expect(
        read.calls.filter(({ toolName }) => calls.some(([, name]) => name === toolName)),
      ).toHaveLength(calls.length)
      if (/reasoning_text/.test(text)) expect(read.reasoning).toBe('')
      else expect(read.reasoning.replaceAll('\n', '')).toBe(thoughts.join('').replaceAll('\n', ''))
    })
  })
})

describeWithFixtures('a recorded failure', () => {
  test('is the provider’s own error, once', () => {
    const failed = recordings().find(({ name }) => isFailure(name))
    const events = decode(framesOf(failed?.text ?? ''))
    expect(events.map(({ type }) => type)).toEqual(['start', 'error'])
    const last = events.at(-1)
    expect(last?.type === 'error' && last.error.detail.providerCode).toBe('insufficient_quota')
  })
})
