/** Every recording of Cohere, read by us and by Cohere's own SDK from the same bytes. */
import { expect, test } from 'bun:test'
import { CohereClientV2 } from 'cohere-ai'
import { CohereReader } from '../../../src/protocol/cohere-chat/stream.ts'
import { cohereChat } from '../../../src/protocol/cohere-chat.ts'
import { collect } from '../../../src/protocol/hub/collect.ts'
import { describeWithFixtures, listFixtures } from '../../kit/fixtures.ts'
import { bytesBy, recordedErrors, testStreams } from '../recorded.ts'
import { type Account, accountOf, countsOf, fuzzReader, replayServer } from '../replay.ts'

const decoding = { framing: 'sse', reader: () => new CohereReader() } as const

/** The bytes of a recording; those that were stored decoded are events again. */
const bytesOf = bytesBy((lines) => {
  const events = lines.map((line) => `event: ${JSON.parse(line).type}\ndata: ${line}\n\n`)
  return new TextEncoder().encode(`${events.join('')}data: [DONE]\n\n`)
})

async function readBySdk(bytes: Uint8Array): Promise<Account & { citations: number }> {
  const server = replayServer(bytes, 'text/event-stream')
  const account = { text: '', reasoning: '', finish: null as string | null, citations: 0 }
  const tools: { id: string; name: string; input: string }[] = []
  let usage: { inputTokens?: number; outputTokens?: number } = {}
  try {
    const client = new CohereClientV2({ token: 'key', environment: server.address })
    const stream = await client.chatStream({ model: 'm', messages: [] })
    for await (const event of stream) {
      switch (event.type) {
        case 'content-start':
        case 'content-delta':
          account.text += event.delta?.message?.content?.text ?? ''
          account.reasoning += event.delta?.message?.content?.thinking ?? ''
          break
        case 'tool-plan-delta':
          account.reasoning += event.delta?.message?.toolPlan ?? ''
          break
        case 'tool-call-start': {
          const call = event.delta?.message?.toolCalls
          const name = call?.function?.name ?? ''
          tools[event.index ?? 0] = { id: call?.id ?? '', name, input: '' }
          break
        }
        case 'tool-call-delta': {
          const tool = tools[event.index ?? 0]
          const fragment = event.delta?.message?.toolCalls?.function?.arguments
          if (tool !== undefined) tool.input += fragment ?? ''
          break
        }
        case 'citation-start':
          account.citations += event.delta?.message?.citations?.sources?.length ?? 0
          break
        case 'message-end':
          account.finish = event.delta?.finishReason ?? null
          usage = event.delta?.usage?.tokens ?? {}
      }
    }
  } finally {
    await server.stop()
  }
  return {
    ...account,
    tools: tools.map((tool) => ({ ...tool, input: JSON.parse(tool.input || '{}') })),
    inputTokens: usage.inputTokens ?? null,
    outputTokens: usage.outputTokens ?? null,
  }
}

describeWithFixtures('recordings of Cohere', () => {
  const fixtures = listFixtures({ provider: 'cohere' })
  const streams = fixtures.filter(({ format }) => format !== 'json-error')

  const streamNamed = testStreams({
    ...{ streams, countMin: 10, decoding, bytesOf, reads: 'as the SDK reads it' },
    async compare(events, bytes) {
      const { citations, ...sdk } = await readBySdk(bytes)
      expect(accountOf(events)).toEqual(sdk)
      expect(events.filter(({ type }) => type === 'citation')).toHaveLength(citations)
      expect(collect(events).id).not.toBe('')
    },
  })

  test('what was cached is told, and what was billed is not what counts', () => {
    const events = streamNamed('cohere-tool-call.jsonl')
    expect(countsOf(events)).toEqual({
      inputTokens: 1549,
      outputTokens: 95,
      cachedInputTokens: 1504,
      cacheWriteInputTokens: null,
      reasoningTokens: null,
    })
    const types = collect(events).choices[0]?.parts.map(({ type }) => type)
    expect(types).toEqual(['reasoning', 'tool-call', 'tool-call'])
  })

  test('a citation is of a stretch of its own text', () => {
    const { choices } = collect(streamNamed('citations'))
    const part = choices[0]?.parts.find(({ type }) => type === 'text')
    if (part?.type !== 'text') throw new Error('no text')
    expect(part.citations.length).toBeGreaterThan(1)
    for (const { start, end, title, native } of part.citations) {
      const { text } = native.value as { text: string }
      expect(part.text.slice(start ?? 0, end ?? 0)).toBe(text)
      expect(title).toBe('facts.txt')
    }
  })

  test.each(recordedErrors(fixtures))('%s is told in our words', (_, { status, body }) => {
    const error = cohereChat.readError(status, body, null)
    expect([error.code, error.status, error.message]).toEqual([
      'upstream_error',
      status,
      body.message,
    ])
    expect(error.detail.providerCode ?? null).toBe(body.error_type ?? null)
  })

  test('mutated frames never throw and never look finished twice', () => {
    fuzzReader(decoding, streams.map(bytesOf), 600)
  })
})
