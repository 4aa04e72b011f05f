/**
 * What clients send. Loose, because what is not listed passes as well: the bytes are not changed
 * on their way.
 */
import { z } from 'zod'

const stream = z.boolean().describe('Send the answer as server-sent events, token by token.')
const model = z
  .string()
  .min(1)
  .describe('A model of any provider: `provider/model`, or a bare name that a provider claims.')
const count = z.int().min(0).max(2_147_483_647)

/** A message of a chat; answers hold it too. */
export const ChatMessage = z.looseObject({
  role: z.enum(['developer', 'system', 'user', 'assistant', 'tool']),
  content: z
    .union([z.string(), z.array(z.looseObject({ type: z.string() }))])
    .nullable()
    .optional(),
})

const ChatCompletionRequest = z
  .looseObject({
    model,
    messages: z.array(ChatMessage).min(1),
    stream: stream.optional(),
    stream_options: z.looseObject({ include_usage: z.boolean().optional() }).optional(),
    temperature: z.number().min(0).max(2).optional(),
    top_p: z.number().min(0).max(1).optional(),
    max_completion_tokens: count.optional(),
    stop: z.union([z.string(), z.array(z.string())]).optional(),
    tools: z.array(z.looseObject({ type: z.string() })).optional(),
    response_format: z.looseObject({ type: z.string() }).optional(),
  })
  .meta({
    example: {
      model: 'demo/stream',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
    },
  })

const CompletionRequest = z
  .looseObject({
    model,
    prompt: z.union([z.string(), z.array(z.string())]),
    stream: stream.optional(),
    max_tokens: count.optional(),
  })
  .meta({ example: { model: 'demo/stream', prompt: 'Once upon a time', stream: true } })

const ResponseRequest = z
  .looseObject({
    model,
    input: z.union([z.string(), z.array(z.looseObject({}))]),
    instructions: z.string().nullable().optional(),
    max_output_tokens: count.optional(),
    stream: stream.optional(),
  })
  .meta({ example: { model: 'demo/stream', input: 'Hello', stream: true } })

const EmbeddingRequest = z
  .looseObject({
    model,
    input: z.union([z.string(), z.array(z.string()), z.array(count), z.array(z.array(count))]),
    encoding_format: z.enum(['float', 'base64']).optional(),
    dimensions: count.optional(),
  })
  .meta({ example: { model: 'demo/embedding', input: 'Hello' } })

/** Name in the document -> schema. */
export const requestSchemas = {
  ChatMessage,
  ChatCompletionRequest,
  CompletionRequest,
  ResponseRequest,
  EmbeddingRequest,
} as const
