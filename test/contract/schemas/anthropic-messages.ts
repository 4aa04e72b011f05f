/** What Anthropic documents for the body of `/v1/messages`. */
import { z } from 'zod'

const cache = z.looseObject({ type: z.literal('ephemeral') }).optional()
const text = z.strictObject({
  type: z.literal('text'),
  text: z.string().min(1),
  cache_control: cache,
  citations: z.array(z.looseObject({})).optional(),
})
const media = z.looseObject({ type: z.enum(['image', 'document']), source: z.looseObject({}) })
const id = z.string().regex(/^[a-zA-Z0-9_-]+$/)
const block = z.discriminatedUnion('type', [
  text,
  media,
  z.strictObject({
    type: z.literal('tool_use'),
    id,
    name: z.string().min(1),
    input: z.looseObject({}),
    cache_control: cache,
  }),
  z.strictObject({
    type: z.literal('tool_result'),
    tool_use_id: id,
    content: z.union([z.string(), z.array(z.union([text, media]))]).optional(),
    is_error: z.boolean().optional(),
    cache_control: cache,
  }),
  z.strictObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() }),
  z.strictObject({ type: z.literal('redacted_thinking'), data: z.string() }),
])

/** Anthropic's own. */
export const anthropicMessagesSchema = z.strictObject({
  model: z.string().min(1),
  max_tokens: z.int().min(1),
  messages: z
    .array(
      z.strictObject({
        role: z.enum(['user', 'assistant']),
        content: z.union([z.string().min(1), z.array(block).min(1)]),
      }),
    )
    .min(1),
  system: z.union([z.string(), z.array(text)]).optional(),
  stream: z.boolean().optional(),
  temperature: z.number().min(0).max(1).optional(),
  top_p: z.number().optional(),
  top_k: z.int().optional(),
  stop_sequences: z.array(z.string()).optional(),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('custom').optional(),
        name: z.string().min(1),
        description: z.string().optional(),
        input_schema: z.looseObject({ type: z.literal('object') }),
        strict: z.boolean().optional(),
        cache_control: cache,
      }),
    )
    .optional(),
  tool_choice: z.looseObject({ type: z.enum(['auto', 'any', 'tool', 'none']) }).optional(),
  thinking: z.looseObject({ type: z.string() }).optional(),
  output_config: z.looseObject({}).optional(),
  metadata: z.strictObject({ user_id: z.string() }).optional(),
  service_tier: z.string().optional(),
})

/** Claude on Bedrock: the model and the streaming are in the path, the version in the body. */
export const bedrockInvokeSchema = anthropicMessagesSchema
  .omit({ model: true, stream: true, service_tier: true })
  .extend({
    anthropic_version: z.literal('bedrock-2023-05-31'),
    anthropic_beta: z.array(z.string().min(1)).min(1).optional(),
  })
