/** A request of `POST /v2/chat`, strictly, as far as agents go. */
import { z } from 'zod'
import { functionTools } from './function-tools.ts'

const text = z.strictObject({ type: z.literal('text'), text: z.string().min(1) })

const texts = z.union([z.string().min(1), z.array(text).min(1)])

const image = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({
    url: z.string().regex(/^(?:https?:|data:image\/)/),
    detail: z.enum(['auto', 'low', 'high']).optional(),
  }),
})

const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content: texts }),
  z.strictObject({
    role: z.literal('user'),
    content: z.union([z.string().min(1), z.array(z.union([text, image])).min(1)]),
  }),
  z.strictObject({
    role: z.literal('assistant'),
    content: z
      .union([
        z.string().min(1),
        z
          .array(
            z.union([
              text,
              z.strictObject({ type: z.literal('thinking'), thinking: z.string().min(1) }),
            ]),
          )
          .min(1),
      ])
      .optional(),
    tool_plan: z.string().min(1).optional(),
    tool_calls: z
      .array(
        z.strictObject({
          id: z.string().min(1),
          type: z.literal('function'),
          function: z.strictObject({ name: z.string().min(1), arguments: z.string() }),
        }),
      )
      .min(1)
      .optional(),
  }),
  z.strictObject({
    role: z.literal('tool'),
    tool_call_id: z.string().min(1),
    content: texts,
  }),
])

/** The whole of it. */
export const cohereChatRequest = z.strictObject({
  model: z.string().min(1),
  stream: z.literal(true),
  messages: z.array(message).min(1),
  tools: functionTools(z.string().optional()),
  strict_tools: z.boolean().optional(),
  tool_choice: z.enum(['REQUIRED', 'NONE']).optional(),
  max_tokens: z.int().positive().optional(),
  thinking: z
    .strictObject({
      type: z.enum(['enabled', 'disabled']),
      token_budget: z.int().positive().optional(),
    })
    .optional(),
})
