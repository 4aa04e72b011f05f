/** The traps of the reference that are Gemini's, one by one. */
import { describe, expect, test } from 'bun:test'
import { PartialArguments } from '../../../src/protocol/gemini/partial-args.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import { decode, decodeChunks, summaryOf } from './stand.ts'

const utf8 = new TextEncoder()
const said = (parts: readonly unknown[], rest: object = {}): object => ({
  candidates: [{ content: { role: 'model', parts }, ...rest }],
  responseId: 'r',
  modelVersion: 'gemini-3',
})
const finishOf = (events: readonly HubEvent[]) => events.find((event) => event.type === 'finish')
const errorOf = (events: readonly HubEvent[]) =>
  events.flatMap((event) => (event.type === 'error' ? [event.error] : []))[0]
const types = (events: readonly HubEvent[]): string[] => events.map(({ type }) => type)

describe('finish', () => {
  test('STOP with a call is a call for tools, whose id is made and always the same', () => {
    const chunk = said(
      [{ functionCall: { name: 'now' } }, { functionCall: { name: 'now', args: {} } }],
      {
        finishReason: 'STOP',
      },
    )
    const events = decodeChunks(chunk)
    expect(finishOf(events)).toMatchObject({ reason: 'tool-calls', native: 'STOP' })
    const ids = events.flatMap((event) => (event.type === 'tool-start' ? [event.id] : []))
    expect([ids.length, new Set(ids).size, ids.every((id) => /^call_\w{10,}$/.test(id))]).toEqual([
      2,
      2,
      true,
    ])
    expect(decodeChunks(chunk)).toEqual(events)
    const calls = summaryOf(events).calls
    expect(calls).toEqual([
      { name: 'now', args: {} },
      { name: 'now', args: {} },
    ])
  })

  test.each([
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'content-filter'],
    ['RECITATION', 'content-filter'],
    ['LANGUAGE', 'content-filter'],
    ['IMAGE_SAFETY', 'content-filter'],
    ['OTHER', 'stop'],
    ['A_REASON_OF_TOMORROW', 'stop'],
  ])('%s is %s', (native, reason) => {
    const events = decodeChunks(said([{ text: 'a' }]), said([], { finishReason: native }))
    expect(finishOf(events)).toMatchObject({ reason, native })
  })

  test('a call that went wrong is an error, unless something was said', () => {
    const wrong = { finishReason: 'MALFORMED_FUNCTION_CALL', finishMessage: 'Malformed: x(' }
    expect(errorOf(decodeChunks(said([], wrong)))).toMatchObject({
      code: 'upstream_error',
      message: 'Malformed: x(',
    })
    expect(finishOf(decodeChunks(said([{ text: 'a' }], wrong)))).toMatchObject({ reason: 'stop' })
  })

  test('a blocked prompt is filtered content without blocks', () => {
    const events = decodeChunks({ promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } })
    expect(types(events)).toEqual(['start', 'finish', 'end'])
    expect(finishOf(events)).toMatchObject({
      reason: 'content-filter',
      native: 'PROHIBITED_CONTENT',
    })
  })

  test('text after a finish is still text', () => {
    const rest = { finishReason: 'STOP' }
    const events = decodeChunks(said([{ text: 'a' }], rest), said([{ text: 'b' }], rest))
    expect(types(events)).toEqual([
      'start',
      'text-delta',
      'text-delta',
      'block-end',
      'finish',
      'end',
    ])
  })

  test('the end of the body without one is never a good end', () => {
    expect(errorOf(decodeChunks(said([{ text: 'a' }])))?.code).toBe('upstream_incomplete')
    expect(errorOf(decode([]))?.code).toBe('upstream_incomplete')
    const two = {
      candidates: [
        { content: { parts: [{ text: 'a' }] }, finishReason: 'STOP' },
        { index: 1, content: { parts: [{ text: 'b' }] } },
      ],
    }
    expect(errorOf(decodeChunks(two))?.code).toBe('upstream_incomplete')
  })
})

describe('content', () => {
  test('missing parts, empty content, null and unknown things are passed over', () => {
    const events = decodeChunks(
      { candidates: [{ content: {} }, null, 7] },
      { candidates: [{ content: { parts: null } }] },
      { candidates: {} },
      [],
      null,
      { usageMetadata: { trafficType: 'ON_DEMAND' } },
      said([{ text: 'a' }, null, {}], { finishReason: 'STOP' }),
    )
    expect(types(events)).toEqual(['start', 'text-delta', 'block-end', 'finish', 'end'])
  })

  test('thoughts are blocks of their own, and their tokens are output', () => {
    const usageMetadata = { promptTokenCount: 5, candidatesTokenCount: 7, thoughtsTokenCount: 11 }
    const events = decodeChunks(said([{ text: 'hm', thought: true, thoughtSignature: 'c2ln' }]), {
      ...said([{ text: 'a' }], { finishReason: 'STOP' }),
      usageMetadata,
    })
    expect(events.slice(1, 5)).toMatchObject([
      { type: 'reasoning-delta', block: 0, text: 'hm', summary: true },
      { type: 'reasoning-signature', block: 0, signature: 'c2ln', signedBy: 'gemini' },
      { type: 'block-end', block: 0 },
      { type: 'text-delta', block: 1, text: 'a' },
    ])
    expect(summaryOf(events)).toMatchObject({ input: 5, output: 18, thoughts: 11 })
  })

  test('the signature of an empty last part stands beside the text, which stays one', () => {
    const events = decodeChunks(
      said([{ text: 'a' }]),
      said([{ text: '', thoughtSignature: 'c2ln' }]),
      said([{ text: 'b' }], { finishReason: 'STOP' }),
    )
    expect(events.slice(1, 6)).toMatchObject([
      { type: 'text-delta', block: 0 },
      { type: 'reasoning-signature', block: 1 },
      { type: 'block-end', block: 1 },
      { type: 'text-delta', block: 0 },
      { type: 'block-end', block: 0 },
    ])
  })

  test('what the server ran itself is raw, and no call of the client', () => {
    const code = { executableCode: { code: 'print(1)' } }
    const result = { codeExecutionResult: { outcome: 'OUTCOME_OK' } }
    const events = decodeChunks(said([code, result, { text: '1' }], { finishReason: 'STOP' }))
    const raw = events.flatMap((event) => (event.type === 'raw' ? [event.native.value] : []))
    expect(raw).toEqual([{ part: code }, { part: result }])
    expect(finishOf(events)).toMatchObject({ reason: 'stop' })
  })

  test('sources are citations of the text, each once', () => {
    const groundingMetadata = {
      groundingChunks: [{ web: { uri: 'https://a.example/', title: 'A' } }],
      groundingSupports: [{ segment: { text: 'a' }, groundingChunkIndices: [0, 9] }],
    }
    const events = decodeChunks(
      said([{ text: 'a' }], { groundingMetadata }),
      said([], { groundingMetadata, finishReason: 'STOP' }),
    )
    const citations = events.flatMap((event) => (event.type === 'citation' ? [event.citation] : []))
    expect(citations).toMatchObject([{ url: 'https://a.example/', title: 'A', citedText: 'a' }])
  })

  test('log probabilities belong to the text that they came with', () => {
    const logprobsResult = {
      chosenCandidates: [{ token: 'a', logProbability: -0.5 }],
      topCandidates: [{ candidates: [{ token: 'b', logProbability: -1 }] }],
    }
    const events = decodeChunks(said([{ text: 'a' }], { logprobsResult, finishReason: 'STOP' }))
    expect(events[1]).toMatchObject({
      logprobs: {
        content: [{ token: 'a', logprob: -0.5, top_logprobs: [{ token: 'b', logprob: -1 }] }],
      },
    })
  })

  test('several candidates are several choices', () => {
    const events = decodeChunks({
      candidates: [
        { content: { parts: [{ text: 'a' }] }, finishReason: 'STOP' },
        { index: 1, content: { parts: [{ text: 'b' }] }, finishReason: 'MAX_TOKENS' },
      ],
    })
    expect(events.filter(({ type }) => type === 'finish')).toMatchObject([
      { choice: 0, reason: 'stop' },
      { choice: 1, reason: 'length' },
    ])
  })
})

describe('arguments in pieces', () => {
  const call = (functionCall: object): object => said([{ functionCall }])
  const piece = (jsonPath: string, rest: object): object =>
    call({ partialArgs: [{ jsonPath, ...rest }], willContinue: true })

  test('are one call, also where the end of it is missing', () => {
    const pieces = [
      call({ name: 'f', willContinue: true }),
      piece('$.city', { stringValue: 'Bos', willContinue: true }),
      piece('$.city', { stringValue: 'ton' }),
      piece('$.list[0].n', { numberValue: 1.5 }),
      piece('$.list[1].ok', { boolValue: false }),
      piece("$['a b']", { nullValue: 'NULL_VALUE' }),
    ]
    const args = { city: 'Boston', list: [{ n: 1.5 }, { ok: false }], 'a b': null }
    const next = call({ name: 'g', args: { x: 1 } })
    const finish = said([], { finishReason: 'STOP' })
    for (const rest of [[call({}), next], [next]]) {
      const events = decodeChunks(...pieces, ...rest, finish)
      expect(summaryOf(events).calls).toEqual([
        { name: 'f', args },
        { name: 'g', args: { x: 1 } },
      ])
      expect(events.filter(({ type }) => type === 'block-end')).toHaveLength(2)
    }
    expect(summaryOf(decodeChunks(...pieces, finish)).calls).toEqual([{ name: 'f', args }])
  })

  test('cannot make the list long, the object deep, or a prototype', () => {
    const args = new PartialArguments()
    args.add([
      { jsonPath: '$.a[999999999]', numberValue: 1 },
      { jsonPath: '$.__proto__.polluted', boolValue: true },
      { jsonPath: `$${'.a'.repeat(5_000)}`, numberValue: 1 },
      { jsonPath: 'nonsense', numberValue: 1 },
      { jsonPath: '$', numberValue: 1 },
      { jsonPath: '$.a.b.c', numberValue: 1 },
      'x',
    ])
    const text = args.toText()
    expect(text).toBe('{"a":[1],"__proto__":{"polluted":true}}')
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('an error inside the stream', () => {
  const good = `data: ${JSON.stringify(said([{ text: 'a' }]))}\r\n\r\n`
  const failure = {
    error: { code: 499, message: 'The operation was cancelled.', status: 'CANCELLED' },
  }

  test.each([
    ['bare, over many lines', `${good}${JSON.stringify(failure, null, 2)}\n`],
    ['as data', `${good}data: ${JSON.stringify(failure)}\r\n\r\n`],
    ['in a list', `${good}data: ${JSON.stringify([failure])}\r\n\r\n`],
    ['as a named event', `${good}event: error\ndata: ${JSON.stringify(failure)}\n\n`],
  ])('%s', (_form, body) => {
    const events = decode([utf8.encode(body)])
    expect(types(events)).toEqual(['start', 'text-delta', 'error'])
    expect(errorOf(events)).toMatchObject({
      code: 'upstream_error',
      message: 'The operation was cancelled.',
      status: 502,
    })
  })

  test('is told from its word where it has no number', () => {
    const failed = { error: { message: 'Busy.', status: 'RESOURCE_EXHAUSTED' } }
    expect(errorOf(decodeChunks(failed))).toMatchObject({ status: 429, retryable: true })
  })

  test('as the first element of an array', () => {
    const events = decode([utf8.encode(JSON.stringify([failure]))], 'json-array')
    expect(errorOf(events)?.message).toBe('The operation was cancelled.')
  })

  test('a frame that is no JSON is passed over', () => {
    const last = JSON.stringify(said([], { finishReason: 'STOP' }))
    const body = `${good}data: {"cand\r\n\r\ndata: ${last}\r\n\r\n`
    expect(decode([utf8.encode(body)]).at(-1)).toEqual({ type: 'end' })
  })
})
