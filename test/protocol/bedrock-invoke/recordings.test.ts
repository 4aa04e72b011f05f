/** Every recording of a model's own stream on Bedrock, read by us and with AWS's own SDK. */
import { describe, expect, test } from 'bun:test'
import { InvokeModelWithResponseStreamCommand } from '@aws-sdk/client-bedrock-runtime'
import { EventStreamCodec } from '@smithy/eventstream-codec'
import { InvokeReader } from '../../../src/protocol/bedrock-invoke/stream.ts'
import { collect } from '../../../src/protocol/hub/collect.ts'
import { describeWithFixtures, listFixtures, readFixture } from '../../kit/fixtures.ts'
import { awsMessage } from '../bedrock-converse/aws-frames.ts'
import { sdkClient } from '../bedrock-converse/sdk-client.ts'
import { testStreams } from '../recorded.ts'
import {
  type Account,
  accountOf,
  countsOf,
  decode,
  errorOf,
  expectWellFormed,
  fuzzReader,
  replayServer,
} from '../replay.ts'

const decoding = { framing: 'aws-event-stream', reader: () => new InvokeReader() } as const

/** What is read here of a chunk, in either of the two languages that were recorded. */
interface Chunk {
  readonly index?: number
  readonly delta?: { text?: string; partial_json?: string; stop_reason?: string }
  readonly content_block?: { type: string; id?: string; name?: string }
  readonly message?: { usage: { input_tokens: number; output_tokens: number } }
  readonly usage?: { output_tokens: number }
  readonly contentBlockStart?: {
    contentBlockIndex: number
    start: { toolUse: { toolUseId: string; name: string } }
  }
  readonly contentBlockDelta?: {
    contentBlockIndex: number
    delta: { text?: string; toolUse?: { input: string } }
  }
  readonly messageStop?: { stopReason: string }
  readonly metadata?: { usage: { inputTokens: number; outputTokens: number } }
}

/** The chunks as the SDK unpacks them, added up without the code under test. */
async function readBySdk(bytes: Uint8Array): Promise<Account> {
  const server = replayServer(bytes, 'application/vnd.amazon.eventstream')
  const client = sdkClient(server.address)
  const account = { text: '', finish: null as string | null, inputTokens: 0, outputTokens: 0 }
  const tools = new Map<number, { id: string; name: string; input: string }>()
  try {
    const input = { modelId: 'm', body: '{}' }
    const { body } = await client.send(new InvokeModelWithResponseStreamCommand(input))
    for await (const event of body ?? []) {
      const chunk: Chunk = JSON.parse(new TextDecoder().decode(event.chunk?.bytes))
      const { contentBlockStart: begin, contentBlockDelta: piece, content_block: block } = chunk
      if (begin) {
        const { toolUseId: id, name } = begin.start.toolUse
        tools.set(begin.contentBlockIndex, { id, name, input: '' })
      }
      if (block?.type === 'tool_use') {
        tools.set(chunk.index ?? 0, { id: block.id ?? '', name: block.name ?? '', input: '' })
      }
      account.text += chunk.delta?.text ?? piece?.delta.text ?? ''
      const tool = tools.get(chunk.index ?? piece?.contentBlockIndex ?? -1)
      if (tool) tool.input += chunk.delta?.partial_json ?? piece?.delta.toolUse?.input ?? ''
      account.finish = chunk.delta?.stop_reason ?? chunk.messageStop?.stopReason ?? account.finish
      account.inputTokens =
        chunk.message?.usage.input_tokens ??
        chunk.metadata?.usage.inputTokens ??
        account.inputTokens
      account.outputTokens =
        chunk.usage?.output_tokens ?? chunk.metadata?.usage.outputTokens ?? account.outputTokens
    }
  } finally {
    client.destroy()
    await server.stop()
  }
  const calls = [...tools.values()].map((tool) => ({ ...tool, input: JSON.parse(tool.input) }))
  return { ...account, reasoning: '', tools: calls }
}

describeWithFixtures('recordings of InvokeModelWithResponseStream', () => {
  const streams = listFixtures({ provider: 'bedrock-invoke' })

  testStreams({
    ...{ streams, countMin: 7, decoding, bytesOf: readFixture, reads: 'as its chunks say' },
    async compare(events, bytes) {
      expect(accountOf(events)).toEqual(await readBySdk(bytes))
    },
  })

  test('Nova’s pieces of one text are one block', () => {
    const fixture = streams.find(({ file }) => file.includes('oltel__nova'))
    if (fixture === undefined) throw new Error('the recording is gone')
    const { choices } = collect(decode(decoding, [readFixture(fixture)]))
    expect(choices[0]?.parts).toHaveLength(1)
  })

  test('mutated frames never throw', () => {
    const nova = streams.filter(({ file }) => /nova|agw/.test(file)).map(readFixture)
    fuzzReader(decoding, nova, 200)
  })
})

const codec = new EventStreamCodec(
  (bytes) => new TextDecoder().decode(bytes as Uint8Array),
  (text) => new TextEncoder().encode(text),
)

const chunk = (value: object): Uint8Array => {
  const bytes = Buffer.from(JSON.stringify(value)).toString('base64')
  return awsMessage('event', 'chunk', { bytes, p: 'abc' })
}

describe('models that complete text', () => {
  const titan = { index: 0, outputText: 'Hi', completionReason: null, inputTextTokenCount: 4 }
  const titanEnd = {
    outputText: ' there',
    completionReason: 'FINISH',
    totalOutputTextTokenCount: 2,
  }
  const llama = { generation: 'Hi', prompt_token_count: 4, generation_token_count: 1 }
  const llamaEnd = { generation: ' there', generation_token_count: 2, stop_reason: 'length' }
  const metrics = {
    'amazon-bedrock-invocationMetrics': { inputTokenCount: 4, outputTokenCount: 2 },
  }
  const mistral = { outputs: [{ text: 'Hi', stop_reason: null }] }
  const mistralEnd = { outputs: [{ text: ' there', stop_reason: 'stop' }], ...metrics }
  test.each([
    ['Titan', titan, titanEnd, 'stop'],
    ['Llama', llama, llamaEnd, 'length'],
    ['Mistral', mistral, mistralEnd, 'stop'],
  ] as const)('%s', (_, first, last, reason) => {
    const events = decode(decoding, [chunk(first), chunk(last)])
    expectWellFormed(events)
    expect(accountOf(events).text).toBe('Hi there')
    expect(collect(events).choices[0]?.finish?.reason).toBe(reason)
    expect(countsOf(events)).toMatchObject({ inputTokens: 4, outputTokens: 2 })
    expect(errorOf(decode(decoding, [chunk(first)]))?.code).toBe('upstream_incomplete')
  })

  test('an exception, an error in a chunk, and nothing at all', () => {
    const exception = awsMessage('exception', 'modelTimeoutException', { message: 'late' })
    expect(errorOf(decode(decoding, [chunk(titan), exception]))?.status).toBe(504)
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    expect(errorOf(decode(decoding, [chunk(error)]))?.status).toBe(503)
    expect(errorOf(decode(decoding, []))?.code).toBe('upstream_incomplete')
  })
})

describe('the wrapping of a chunk', () => {
  const begin = chunk({ type: 'message_start', message: { id: 'msg_1', content: [] } })
  const event = {
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text: 'Ü??????😀' },
  }
  const base64 = Buffer.from(JSON.stringify(event)).toString('base64')
  const framed = (payload: string): Uint8Array => {
    const text = (value: string) => ({ type: 'string' as const, value })
    const headers = { ':message-type': text('event'), ':event-type': text('chunk') }
    return codec.encode({ headers, body: new TextEncoder().encode(payload) })
  }

  test.each([
    ['as AWS writes it', `{"bytes":"${base64}","p":"abc"}`],
    ['alone', `{"bytes":"${base64}"}`],
    ['with white space', `{ "bytes" : "${base64}" }`],
    ['the padding first', `{"p":"abc","bytes":"${base64}"}`],
    ['with slashes that are escaped', `{"bytes":"${base64.replaceAll('/', '\\/')}"}`],
    ['in the alphabet of addresses', `{"bytes":"${base64.replaceAll('/', '_')}"}`],
  ])('%s', (_, payload) => {
    expect(base64).toContain('/')
    const account = accountOf(decode(decoding, [begin, framed(payload)]))
    expect(account.text).toBe('Ü??????😀')
  })

  test.each([
    ...['{"bytes":"', '{"bytes":""}', '{"bytes":7}', '{"bytes":"!"}', '{"bytes":"bnVsbA=="}'],
    ...['{"bytes":"W10="}', '{}', '[]', '"', ''],
  ])('%s says nothing', (payload) => {
    expect(accountOf(decode(decoding, [begin, framed(payload)])).text).toBe('')
  })
})
