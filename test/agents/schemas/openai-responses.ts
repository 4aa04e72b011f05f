/** A request of `POST /v1/responses`, strictly, as far as agents without state go. */
import { z } from 'zod'

const status = z.enum(['in_progress', 'completed', 'incomplete'])

const input = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('input_text'), text: z.string().min(1) }),
  z.strictObject({
    type: z.literal('input_image'),
    image_url: z.string().regex(/^(?:https?:|data:image\/(?:png|jpeg|gif|webp);base64,)/),
    detail: z.enum(['auto', 'low', 'high']).optional(),
  }),
])

const output = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('output_text'),
    text: z.string(),
    annotations: z.array(z.unknown()),
    logprobs: z.array(z.unknown()).optional(),
  }),
  z.strictObject({ type: z.literal('refusal'), refusal: z.string() }),
])

const item = z.union([
  z.strictObject({
    type: z.literal('message').optional(),
    role: z.enum(['user', 'system', 'developer']),
    content: z.union([z.string().min(1), z.array(input).min(1)]),
  }),
  z.strictObject({
    type: z.literal('message'),
    role: z.literal('assistant'),
    id: z.string().startsWith('msg_').optional(),
    status: status.optional(),
    content: z.array(output).min(1),
    phase: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('function_call'),
    id: z.string().startsWith('fc_').optional(),
    call_id: z.string().min(1).max(64),
    name: z.string().min(1),
    arguments: z.string().min(2),
    status: status.optional(),
  }),
  z.strictObject({
    type: z.literal('function_call_output'),
    call_id: z.string().min(1).max(64),
    output: z.union([z.string(), z.array(input).min(1)]),
  }),
  z.strictObject({
    type: z.literal('reasoning'),
    id: z.string().startsWith('rs_'),
    summary: z.array(z.strictObject({ type: z.literal('summary_text'), text: z.string() })),
    encrypted_content: z.string().nullish(),
    status: status.optional(),
  }),
])

/** The whole of it. */
export const openaiResponsesRequest = z.strictObject({
  model: z.string().min(1),
  stream: z.literal(true),
  instructions: z.string().optional(),
  input: z.array(item).min(1),
  include: z.array(z.literal('reasoning.encrypted_content')).optional(),
  store: z.boolean().optional(),
  reasoning: z
    .strictObject({
      effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).optional(),
      summary: z.enum(['auto', 'concise', 'detailed']).optional(),
    })
    .optional(),
  max_output_tokens: z.int().min(16).optional(),
  parallel_tool_calls: z.boolean().optional(),
  tool_choice: z.enum(['auto', 'none', 'required']).optional(),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        name: z.string().min(1),
        description: z.string().nullish(),
        parameters: z.looseObject({ type: z.literal('object') }),
        strict: z.boolean(),
      }),
    )
    .min(1),
})
