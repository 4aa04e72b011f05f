/** A request of `POST /v1/messages`, strictly, as far as agents go. */
import { z } from 'zod'

const cache = z
  .strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() })
  .optional()

const text = z.strictObject({
  type: z.literal('text'),
  text: z.string().min(1),
  cache_control: cache,
  citations: z.array(z.unknown()).nullish(),
})

const image = z.strictObject({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('base64'),
      media_type: z.enum(['image/png', 'image/jpeg', 'image/gif', 'image/webp']),
      data: z.base64(),
    }),
    z.strictObject({ type: z.literal('url'), url: z.url() }),
  ]),
  cache_control: cache,
})

const callId = z.string().regex(/^[a-zA-Z0-9_-]+$/)

const result = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: callId,
  content: z.union([z.string(), z.array(z.union([text, image]))]).optional(),
  is_error: z.boolean().optional(),
  cache_control: cache,
})

const user = z.strictObject({
  role: z.literal('user'),
  content: z.union([z.string().min(1), z.array(z.union([text, image, result])).min(1)]),
})

const assistant = z.strictObject({
  role: z.literal('assistant'),
  content: z
    .array(
      z.union([
        text,
        // A signature that Anthropic did not make is a 400.
        z.strictObject({
          type: z.literal('thinking'),
          thinking: z.string(),
          signature: z.string().min(1),
        }),
        z.strictObject({ type: z.literal('redacted_thinking'), data: z.base64() }),
        z.strictObject({
          type: z.literal('tool_use'),
          id: callId,
          name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/),
          input: z.record(z.string(), z.unknown()),
          caller: z.strictObject({ type: z.literal('direct') }).optional(),
          cache_control: cache,
        }),
      ]),
    )
    .min(1),
})

const body = z.strictObject({
  model: z.string().min(1),
  stream: z.literal(true),
  max_tokens: z.int().positive(),
  system: z.union([z.string(), z.array(text).min(1)]).optional(),
  messages: z.array(z.union([user, assistant])).min(1),
  thinking: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('enabled'), budget_tokens: z.int().min(1024) }),
      z.strictObject({
        type: z.literal('adaptive'),
        display: z.enum(['summarized', 'omitted']).optional(),
      }),
      z.strictObject({ type: z.literal('disabled') }),
    ])
    .optional(),
  output_config: z
    .strictObject({ effort: z.enum(['low', 'medium', 'high', 'max']).optional() })
    .optional(),
  tool_choice: z
    .discriminatedUnion('type', [
      z.strictObject({
        type: z.enum(['auto', 'any']),
        disable_parallel_tool_use: z.boolean().optional(),
      }),
      z.strictObject({ type: z.literal('none') }),
    ])
    .optional(),
  tools: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/),
        description: z.string().optional(),
        input_schema: z.looseObject({ type: z.literal('object') }),
        strict: z.boolean().optional(),
        type: z.literal('custom').optional(),
        cache_control: cache,
      }),
    )
    .min(1),
})

/** The budget must leave room for an answer. */
const leavesRoom = ({
  thinking,
  max_tokens,
}: Pick<z.infer<typeof body>, 'thinking' | 'max_tokens'>): boolean =>
  thinking?.type !== 'enabled' || thinking.budget_tokens < max_tokens

/** The whole of it. */
export const anthropicMessagesRequest = body.refine(leavesRoom, 'no room for an answer')

/** The body of `InvokeModel` for Claude; AWS takes the rest in the path. */
export const bedrockInvokeRequest = body
  .omit({ model: true, stream: true })
  .extend({
    anthropic_version: z.literal('bedrock-2023-05-31'),
    anthropic_beta: z.array(z.string().min(1)).min(1).optional(),
  })
  .refine(leavesRoom, 'no room for an answer')
