/** Turns of another provider in a conversation that goes back to the dialect's own. */
import { describe, expect, test } from 'bun:test'
import { isObject, type JsonObject } from '../../src/core/json.ts'
import { anthropicMessages } from '../../src/protocol/anthropic-messages.ts'
import { gemini } from '../../src/protocol/gemini.ts'
import type { HubEvent } from '../../src/protocol/hub/events.ts'
import { sealPrefix } from '../../src/protocol/hub/sealed.ts'
import type { ProtocolName } from '../../src/protocol/names.ts'
import { openaiResponses } from '../../src/protocol/openai-responses.ts'
import { type AnswerContext, translationOf } from '../../src/protocol/translation.ts'
import { hubRequest } from './hub-request.ts'

const context: AnswerContext = {
  ...{ model: 'm', requestId: 'req_1', createdS: 1_700_000_000, includeUsage: true },
  ...{ framing: 'sse', request: hubRequest() },
}

/** An answer with thinking that `signedBy` signed. */
function thought(signedBy: ProtocolName, kind: 'signature' | 'redacted'): readonly HubEvent[] {
  const place = { choice: 0, block: 0 } as const
  const nothing = { serviceTier: null, fingerprint: null }
  return [
    { type: 'start', id: 'a1', model: 'm', createdS: 1_700_000_000, ...nothing },
    ...(kind === 'redacted'
      ? []
      : [{ type: 'reasoning-delta', ...place, text: 'Hm.', summary: false } as const]),
    { type: 'reasoning-signature', ...place, kind, signature: 'c2lnbmVk', signedBy, id: null },
    { type: 'block-end', ...place },
    { type: 'text-delta', choice: 0, block: 1, text: 'Hello.', logprobs: null },
    { type: 'block-end', choice: 0, block: 1 },
    {
      ...{ type: 'finish', choice: 0, reason: 'stop', native: null },
      ...{ stopSequence: null, details: null },
    },
    { type: 'end' },
  ]
}

const first = (list: unknown): JsonObject => {
  const item: unknown = Array.isArray(list) ? list[0] : null
  return isObject(item) ? item : {}
}

/** For each dialect, the request that sends an answer back as its client would. */
const dialects = [
  [
    anthropicMessages,
    ({ content }: JsonObject) => ({
      ...{ model: 'claude-sonnet-4-5', max_tokens: 100 },
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content },
        { role: 'user', content: 'And?' },
      ],
    }),
  ],
  [
    openaiResponses,
    ({ output }: JsonObject) => ({
      model: 'gpt-5',
      input: [
        { role: 'user', content: 'Hi' },
        ...(Array.isArray(output) ? output : []),
        { role: 'user', content: 'And?' },
      ],
    }),
  ],
  [
    gemini,
    ({ candidates }: JsonObject) => ({
      contents: [
        { role: 'user', parts: [{ text: 'Hi' }] },
        first(candidates).content,
        { role: 'user', parts: [{ text: 'And?' }] },
      ],
    }),
  ],
] as const

describe.each(dialects.map((each) => [each[0].name, ...each] as const))(
  '%s',
  (name, protocol, ask) => {
    const { readRequest, writeRequest, writeResponse } = translationOf(protocol)
    const path = { model: 'gemini-2.5-flash', stream: false }
    const other = name === 'gemini' ? 'anthropic-messages' : 'gemini'

    test.each(['signature', 'redacted'] as const)('a foreign %s is seen and left out', (kind) => {
      const body: JsonObject = ask(writeResponse(thought(other, kind), context))
      const text = JSON.stringify(body)
      expect(text).toContain(name === 'gemini' ? btoa(sealPrefix).slice(0, 10) : sealPrefix)
      expect(text).toContain(protocol.foreign?.mark ?? 'no mark')
      expect(protocol.foreign?.test(body)).toBe(true)

      const request = readRequest(body, path)
      const parts = request.messages.flatMap((message) => message.parts)
      expect(parts.find(({ type }) => type === 'reasoning')).toMatchObject({
        signedBy: other,
        [kind]: 'c2lnbmVk',
      })
      const sent = writeRequest(request)
      expect(JSON.stringify(sent)).not.toContain('c2lnbmVk')
      expect(JSON.stringify(sent)).toContain('Hello.')
      expect(protocol.foreign?.test(sent)).toBe(false)
    })

    test('its own signature passes untouched', () => {
      const body: JsonObject = ask(writeResponse(thought(protocol.name, 'signature'), context))
      expect(JSON.stringify(body)).toContain('c2lnbmVk')
      expect(protocol.foreign?.test(body)).toBe(false)
    })
  },
)

test('a seal survives a client that writes base64 for addresses, as Google’s does', () => {
  const { readRequest, writeResponse } = translationOf(gemini)
  const id = '\u00ff?\u00fe>'.repeat(20)
  const events = thought('openai-responses', 'signature').map((event) =>
    event.type === 'reasoning-signature' ? { ...event, signature: id } : event,
  )
  const { candidates } = writeResponse(events, context)
  const content = JSON.parse(JSON.stringify(first(candidates).content), (key, value) =>
    key === 'thoughtSignature' ? value.replaceAll('+', '-').replaceAll('/', '_') : value,
  )
  expect(JSON.stringify(content)).toMatch(/thoughtSignature":"[^"]*[-_]/)
  const request = readRequest({ contents: [content] }, { model: 'm', stream: false })
  expect(request.messages[0]?.parts).toContainEqual(
    expect.objectContaining({ signature: id, signedBy: 'openai-responses' }),
  )
})
