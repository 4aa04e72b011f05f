/** Bedrock's Converse, with Claude behind it. */
import { expect } from 'bun:test'
import type { z } from 'zod'
import { awsBody } from '../../protocol/bedrock-converse/aws-frames.ts'
import { emptyAssistant, expectOrder, type SeenTurn } from '../conversation.ts'
import { ANSWER, CALLS, LAST_ANSWER, PREAMBLE, THINKING } from '../scenario.ts'
import { bedrockConverseRequest } from '../schemas/bedrock-converse.ts'
import { expectThinkingFirst, joinedText, type ScriptedProvider, type Step } from './provider.ts'

const callIds = ['tooluse_Ij90-_', 'tooluse_Kl12'] as const
const signature = 'EqQBCgIYAhIM+bedrock/signature=='
const model = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'

/** Text and thinking have no start here, only deltas and a stop. */
const block = (contentBlockIndex: number, deltas: readonly object[]): readonly object[] => [
  ...deltas.map((delta) => ({
    contentBlockDelta: { contentBlockIndex, delta, p: 'abcdefg' },
  })),
  { contentBlockStop: { contentBlockIndex, p: 'ab' } },
]

const texts = (index: number, list: readonly string[]): readonly object[] =>
  block(
    index,
    list.map((text) => ({ text })),
  )

function blocksOf(step: Step): readonly object[] {
  if (step === 'answer') return texts(0, ANSWER)
  if (step === 'last') return texts(0, LAST_ANSWER)
  const thinking = THINKING.map((text) => ({ reasoningContent: { text } }))
  return [
    ...block(0, [...thinking, { reasoningContent: { signature } }]),
    ...texts(1, PREAMBLE),
    ...CALLS.flatMap(({ name, fragments }, index) => [
      {
        contentBlockStart: {
          contentBlockIndex: index + 2,
          start: { toolUse: { toolUseId: callIds[index], name } },
        },
      },
      ...block(
        index + 2,
        fragments.map((input) => ({ toolUse: { input } })),
      ),
    ]),
  ]
}

function answer(step: Step): Uint8Array {
  const usage = { inputTokens: 90, outputTokens: 30, totalTokens: 120 }
  return awsBody([
    { messageStart: { role: 'assistant', p: 'abc' } },
    ...blocksOf(step),
    { messageStop: { stopReason: step === 'calls' ? 'tool_use' : 'end_turn' } },
    { metadata: { usage, metrics: { latencyMs: 7 } } },
  ])
}

type Body = z.infer<typeof bedrockConverseRequest>
type Message = Body['messages'][number]

function readUser({ content }: Extract<Message, { role: 'user' }>): readonly SeenTurn[] {
  const results = content.flatMap((each) => {
    if (!('toolResult' in each)) return []
    const { toolUseId: id, content: said, status } = each.toolResult
    return [{ id, name: null, text: joinedText(said), isError: status === 'error' }]
  })
  const images = content.flatMap((each) =>
    'image' in each
      ? [{ mediaType: `image/${each.image.format}`, base64: each.image.source.bytes }]
      : [],
  )
  const text = joinedText(content)
  const answers: SeenTurn[] = results.length === 0 ? [] : [{ role: 'tool', results }]
  return text === '' && images.length === 0 ? answers : [...answers, { role: 'user', text, images }]
}

function readAssistant({ content }: Extract<Message, { role: 'assistant' }>): SeenTurn {
  const turn = emptyAssistant()
  for (const [index, each] of content.entries()) {
    if ('reasoningContent' in each) {
      expect(index).toBe(0)
      turn.thinking = each.reasoningContent.reasoningText
    } else if ('toolUse' in each) {
      const { toolUseId: id, name, input } = each.toolUse
      turn.calls.push({ id, name, arguments: input })
    } else turn.text += each.text
  }
  return turn
}

/** Bedrock. */
export const bedrockConverse: ScriptedProvider = {
  name: 'bedrock',
  kind: 'bedrock',
  dialect: 'bedrock-converse',
  model,
  environment: (url) => ({
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIATEST',
    AWS_SECRET_ACCESS_KEY: 'secret',
    BEDROCK_BASE_URL: url,
  }),
  expectHead(request) {
    const path = '/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream'
    expect(request.path).toBe(path)
    expect(request.header('authorization')).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIATEST\//)
  },
  schema: bedrockConverseRequest,
  read(body) {
    const { messages, system, toolConfig, additionalModelRequestFields } = body as Body
    for (const [index, { role }] of messages.entries()) {
      expect(role).toBe(index % 2 === 0 ? 'user' : 'assistant')
    }
    const seen = {
      system: joinedText(system),
      tools: toolConfig.tools.map(({ toolSpec: { name, description = '', inputSchema } }) => {
        return { name, description, parameters: inputSchema.json }
      }),
      thinks: additionalModelRequestFields?.thinking !== undefined,
      turns: messages.flatMap((message) =>
        message.role === 'user' ? readUser(message) : [readAssistant(message)],
      ),
    }
    expectOrder(seen)
    expectThinkingFirst(seen)
    return seen
  },
  contentType: 'application/vnd.amazon.eventstream',
  answer,
  callIds,
  signature,
  takesThinking: 'signed',
  thinksFromTheStart: true,
  hasPreamble: true,
  hearsFailure: true,
}
