/** Every recorded answer of Anthropic: cut anywhere, through the hub and back, beside the SDK. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type Anthropic from '@anthropic-ai/sdk'
import { anthropicMessages } from '../../../src/protocol/anthropic-messages.ts'
import { type Collected, collect } from '../../../src/protocol/hub/collect.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import { describeWithFixtures } from '../../kit/fixtures.ts'
import { framesOf } from '../answer-server.ts'
import { context, decode, encode, recordings, Stand, translation } from './stand.ts'

let stand: Stand
beforeAll(() => {
  stand = new Stand()
})
afterAll(() => stand.close())

const parsed = (text: string) => framesOf(text).map(({ data }): unknown => JSON.parse(data))

/** The SDK dies of a second `message_start`; everything else it reads. */
const isReadable = (name: string) => !name.includes('duplicate-message-start')

/** A turn that came whole in its start is written as a stream of its own. */
const isWhole = (text: string) => parsed(text).length === 2

/** What the hub read, in the shape of the SDK's message. */
function contentOf(collected: Collected): unknown[] {
  return (collected.choices[0]?.parts ?? []).flatMap((part): unknown[] => {
    switch (part.type) {
      case 'text':
        return [{ type: 'text', text: part.text, cited: part.citations.length }]
      case 'reasoning':
        return part.redacted === null
          ? [{ type: 'thinking', thinking: part.text, signature: part.signature }]
          : [{ type: 'redacted_thinking', data: part.redacted }]
      case 'tool-call': {
        const { id, name } = part
        return [{ type: 'tool_use', id, name, input: JSON.parse(part.arguments) }]
      }
      default:
        return []
    }
  })
}

function contentOfMessage(message: Anthropic.Message): unknown[] {
  return message.content.flatMap((block): unknown[] => {
    switch (block.type) {
      case 'text':
        return block.text === ''
          ? []
          : [{ type: 'text', text: block.text, cited: block.citations?.length ?? 0 }]
      case 'thinking':
        return [{ type: 'thinking', thinking: block.thinking, signature: block.signature }]
      case 'redacted_thinking':
        return [{ type: 'redacted_thinking', data: block.data }]
      case 'tool_use':
        return [{ type: 'tool_use', id: block.id, name: block.name, input: block.input }]
      default:
        return []
    }
  })
}

function usageOf(usage: Anthropic.Usage): unknown {
  const cached = usage.cache_read_input_tokens ?? 0
  const written = usage.cache_creation_input_tokens ?? 0
  return [usage.input_tokens + cached + written, usage.output_tokens]
}

/** Laws that hold for every answer. */
function checkOrder(events: readonly HubEvent[]): void {
  const types = events.map(({ type }) => type)
  expect(types[0]).toBe('start')
  expect(types.at(-1)).toBe('end')
  expect(types.filter((type) => type === 'start' || type === 'end')).toHaveLength(2)
  const begun = new Set(events.flatMap((event) => ('block' in event ? [event.block] : [])))
  const ended = events.flatMap((event) => (event.type === 'block-end' ? [event.block] : []))
  expect(new Set(ended)).toEqual(begun)
  expect(ended).toHaveLength(begun.size)
}

describeWithFixtures('recorded answers', () => {
  test('are all of them', () => {
    expect(recordings().length).toBeGreaterThanOrEqual(40)
  })

  describe.each(recordings().map(({ name, text }) => [name, text] as const))('%s', (name, text) => {
    const bytes = new TextEncoder().encode(text)
    const events = decode(framesOf(bytes))

    test('reads the same however it is cut', () => {
      checkOrder(events)
      const single = Array.from(bytes, (byte) => Uint8Array.of(byte))
      expect(decode(framesOf(...single))).toEqual(events)
      const head = bytes.subarray(0, 5_000)
      const whole = decode(framesOf(head))
      for (let at = 1; at < Math.min(4_096, head.length); at += 3) {
        const cut = decode(framesOf(head.subarray(0, at), head.subarray(at)))
        if (!Bun.deepEquals(cut, whole)) throw new Error(`cut at ${at} it reads differently`)
      }
    })

    test('is the same events again', () => {
      const original = parsed(text)
      const again = parsed(encode(events))
      if (isWhole(text)) expect(again.length).toBeGreaterThan(original.length)
      else expect(again).toEqual(isReadable(name) ? original : original.slice(1))
    })

    test('says what the SDK reads in it', async () => {
      const reread = await stand.message(encode(events))
      const message = isReadable(name) ? await stand.message(text) : reread
      expect(isReadable(name) ? reread.content : []).toEqual(
        isReadable(name) ? message.content : [],
      )
      expect([reread.stop_reason, reread.usage]).toEqual([message.stop_reason, message.usage])
      const collected = collect(events)
      expect(contentOf(collected)).toEqual(contentOfMessage(message))
      expect([collected.id, collected.model]).toEqual([message.id, message.model])
      const finish = collected.choices[0]?.finish
      expect([finish?.native, finish?.stopSequence ?? null]).toEqual([
        message.stop_reason ?? undefined,
        message.stop_sequence,
      ])
      const { usage } = collected
      expect([usage?.inputTokens, usage?.outputTokens]).toEqual(usageOf(message.usage) as number[])
    })

    test('is the same answer where it is not streamed', () => {
      const whole = translation.writeResponse(events, context)
      const again = translation.readResponse(JSON.parse(JSON.stringify(whole)))
      checkOrder(again)
      const withoutRaw = (collected: Collected) => ({
        ...collected,
        usage: { ...collected.usage, native: null },
        choices: collected.choices.map(({ parts, finish }) => ({
          reason: finish?.reason,
          native: finish?.native,
          // An object has no white space of its own: arguments are compared as values.
          parts: parts
            .filter(({ type }) => type !== 'native')
            .map((part) =>
              part.type === 'tool-call' ? { ...part, arguments: JSON.parse(part.arguments) } : part,
            ),
        })),
      })
      expect(withoutRaw(collect(again))).toEqual(withoutRaw(collect(events)))
      expect(translation.writeResponse(again, context)).toEqual(whole)
      const usage = anthropicMessages.readAnswer(whole).usage
      expect(usage?.outputTokens).toBe(collect(events).usage?.outputTokens ?? -1)
    })

    test('is watched to its end', () => {
      const watch = anthropicMessages.watch()
      const sightings = framesOf(text).map(({ event, data }) => watch.look(data, event))
      expect([watch.finished, watch.ended, watch.error, watch.missingEnd]).toEqual([
        true,
        true,
        null,
        null,
      ])
      expect(sightings).toContain('content')
      expect(sightings).not.toContain('invalid')
      expect(sightings.at(-1)).toBe('end')
      const { usage, finish } = { usage: collect(events).usage, ...collect(events).choices[0] }
      expect(watch.finishReason).toBe(finish?.native ?? null)
      expect(watch.usage).toMatchObject({
        inputTokens: usage?.inputTokens ?? -1,
        outputTokens: usage?.outputTokens ?? -1,
      })
    })
  })
})
