/** Bedrock's InvokeModel, with Claude behind it: the Messages API in AWS's wrapping. */
import { expect } from 'bun:test'
import type { z } from 'zod'
import { awsMessage } from '../../protocol/bedrock-converse/aws-frames.ts'
import { bedrockInvokeRequest } from '../schemas/anthropic-messages.ts'
import { anthropicMessages, eventsOf, readMessages } from './anthropic-messages.ts'
import { bedrockConverse } from './bedrock-converse.ts'
import type { ScriptedProvider, Step } from './provider.ts'

function answer(step: Step): Uint8Array {
  const chunks = eventsOf(step).map((event) => {
    const bytes = Buffer.from(JSON.stringify(event)).toString('base64')
    return awsMessage('event', 'chunk', { bytes, p: 'abcdef' })
  })
  return new Uint8Array(Buffer.concat(chunks))
}

/** Bedrock, where the operator prefers this for Claude. */
export const bedrockInvoke: ScriptedProvider = {
  ...anthropicMessages,
  name: 'bedrock',
  kind: 'bedrock',
  dialect: 'bedrock-invoke',
  model: bedrockConverse.model,
  environment: (url) => ({ ...bedrockConverse.environment(url), BEDROCK_DIALECT: 'invoke' }),
  expectHead(request) {
    const model = 'us.anthropic.claude-sonnet-4-5-20250929-v1%3A0'
    expect(request.path).toBe(`/model/${model}/invoke-with-response-stream`)
    expect(request.header('accept')).toBe('application/vnd.amazon.eventstream')
    expect(request.header('authorization')).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIATEST\//)
  },
  schema: bedrockInvokeRequest,
  read: (body) => readMessages(body as z.infer<typeof bedrockInvokeRequest>),
  contentType: 'application/vnd.amazon.eventstream',
  answer,
}
