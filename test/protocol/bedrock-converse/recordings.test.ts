/** Every recording of Converse, read by us and by AWS's own SDK from the same bytes. */
import { expect, test } from 'bun:test'
import { ConverseStreamCommand, type ConverseStreamOutput } from '@aws-sdk/client-bedrock-runtime'
import { ConverseReader } from '../../../src/protocol/bedrock-converse/stream.ts'
import { bedrockConverse } from '../../../src/protocol/bedrock-converse.ts'
import { collect } from '../../../src/protocol/hub/collect.ts'
import { describeWithFixtures, listFixtures } from '../../kit/fixtures.ts'
import { bytesBy, recordedErrors, testStreams } from '../recorded.ts'
import { type Account, accountOf, fuzzReader, replayServer } from '../replay.ts'
import { awsBody } from './aws-frames.ts'
import { sdkClient } from './sdk-client.ts'

const decoding = { framing: 'aws-event-stream', reader: () => new ConverseReader() } as const

/** The bytes of a recording; those that were stored decoded are framed again. */
const bytesOf = bytesBy((lines) => awsBody(lines.map((line) => JSON.parse(line))))

/** What the SDK reads, by its own rules: blocks by index, server tools apart. */
async function readBySdk(bytes: Uint8Array): Promise<Account & { proof: string[] }> {
  const server = replayServer(bytes, 'application/vnd.amazon.eventstream')
  const client = sdkClient(server.address)
  try {
    const input = { modelId: 'some.model-v1:0', messages: [] }
    const { stream } = await client.send(new ConverseStreamCommand(input))
    return await accountOfStream(stream ?? emptyStream())
  } finally {
    client.destroy()
    await server.stop()
  }
}

async function* emptyStream(): AsyncGenerator<ConverseStreamOutput> {}

async function accountOfStream(stream: AsyncIterable<ConverseStreamOutput>) {
  const inputs = new Map<number, { id: string; name: string; input: string }>()
  const signatures = new Map<number, string>()
  const account = { text: '', reasoning: '', finish: '', inputTokens: 0, outputTokens: 0 }
  for await (const event of stream) {
    const call = event.contentBlockStart?.start?.toolUse
    if (call && (call.type ?? 'tool_use') === 'tool_use') {
      const { toolUseId = '', name = '' } = call
      const index = event.contentBlockStart?.contentBlockIndex ?? 0
      inputs.set(index, { id: toolUseId, name, input: '' })
    }
    const index = event.contentBlockDelta?.contentBlockIndex ?? 0
    const delta = event.contentBlockDelta?.delta
    account.text += delta?.text ?? ''
    account.reasoning += delta?.reasoningContent?.text ?? ''
    const known = inputs.get(index)
    if (known && delta?.toolUse) known.input += delta.toolUse.input ?? ''
    const redacted = delta?.reasoningContent?.redactedContent
    const signature = delta?.reasoningContent?.signature
    const proof = redacted ? Buffer.from(redacted).toString('base64') : signature
    if (proof) signatures.set(index, (signatures.get(index) ?? '') + proof)
    account.finish = event.messageStop?.stopReason ?? account.finish
    account.inputTokens = event.metadata?.usage?.inputTokens ?? account.inputTokens
    account.outputTokens = event.metadata?.usage?.outputTokens ?? account.outputTokens
  }
  const tools = [...inputs.values()].map((tool) => ({
    ...tool,
    input: JSON.parse(tool.input || '{}'),
  }))
  return { ...account, tools, proof: [...signatures.values()] }
}

describeWithFixtures('recordings of Converse', () => {
  const fixtures = listFixtures({ provider: 'bedrock-converse' })
  const streams = fixtures.filter(({ format }) => format !== 'json-error')

  const streamNamed = testStreams({
    ...{ streams, countMin: 14, decoding, bytesOf, reads: 'as the SDK reads it' },
    async compare(events, bytes) {
      const { proof, ...sdk } = await readBySdk(bytes)
      expect(accountOf(events)).toEqual(sdk)
      const said = events.flatMap((event) =>
        event.type === 'reasoning-signature' ? event.signature : [],
      )
      expect(said).toEqual(proof)
    },
  })

  test('a server tool and its result are raw, and no call of the client', () => {
    const events = streamNamed('code-execution')
    expect(accountOf(events).tools.map(({ name }) => name)).toEqual(['final_result'])
    expect(events.filter(({ type }) => type === 'raw')).toHaveLength(6)
    expect(collect(events).choices[0]?.finish?.reason).toBe('tool-calls')
  })

  test('thinking that was never shown keeps the encoding it came in', () => {
    const events = streamNamed('redacted')
    const proofs = events.filter((event) => event.type === 'reasoning-signature')
    expect(proofs.map(({ kind, signedBy, block }) => [kind, signedBy, block])).toEqual([
      ['redacted', 'bedrock-converse', 0],
      ['redacted', 'bedrock-converse', 1],
    ])
    // What Anthropic made is base64 itself, and inside the base64 of AWS.
    const inner = Buffer.from(proofs[0]?.signature ?? '', 'base64').toString('latin1')
    expect(inner).toMatch(/^[A-Za-z0-9+/]+=*$/)
  })

  test.each(recordedErrors(fixtures))('%s is told in our words', (_, { status, body }) => {
    const error = bedrockConverse.readError(status, body, null)
    if (status === 403) {
      expect([error.code, error.status]).toEqual(['upstream_auth_failed', 502])
      expect(error.message).not.toContain('security token')
    } else {
      expect([error.code, error.status, error.message]).toEqual([
        'upstream_error',
        400,
        body.message,
      ])
      expect(error.retryable).toBe(false)
    }
  })

  test('mutated frames never throw and never look finished twice', () => {
    fuzzReader(decoding, streams.map(bytesOf), 600)
  })
})
