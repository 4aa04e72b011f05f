/** A request of `POST /api/chat`, strictly, as far as agents go. */
import { z } from 'zod'
import { functionTools } from './function-tools.ts'

const images = z.array(z.base64()).min(1).optional()

const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content: z.string().min(1) }),
  z.strictObject({ role: z.literal('user'), content: z.string(), images }),
  z.strictObject({
    role: z.literal('assistant'),
    content: z.string(),
    thinking: z.string().min(1).optional(),
    tool_calls: z
      .array(
        z.strictObject({
          id: z.string().min(1).optional(),
          function: z.strictObject({
            index: z.int().optional(),
            name: z.string().min(1),
            arguments: z.record(z.string(), z.unknown()),
          }),
        }),
      )
      .min(1)
      .optional(),
  }),
  z.strictObject({
    role: z.literal('tool'),
    content: z.string(),
    tool_name: z.string().min(1),
    tool_call_id: z.string().min(1).optional(),
    images,
  }),
])

/** The whole of it. */
export const ollamaChatRequest = z.strictObject({
  model: z.string().min(1),
  stream: z.literal(true),
  messages: z.array(message).min(1),
  tools: functionTools(z.string()),
  think: z.union([z.boolean(), z.enum(['low', 'medium', 'high'])]).optional(),
  options: z.strictObject({ num_predict: z.int().optional() }).optional(),
})
