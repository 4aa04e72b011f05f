/** What AWS, Cohere and Ollama document for the bodies of their chats. */
import { z } from 'zod'

const object = z.looseObject({})

const converseBlock = z.union([
  z.strictObject({ text: z.string().min(1) }),
  z.strictObject({ image: object }),
  z.strictObject({ document: object }),
  z.strictObject({
    toolUse: z.strictObject({
      toolUseId: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
      name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
      input: object,
    }),
  }),
  z.strictObject({
    toolResult: z.strictObject({
      toolUseId: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
      content: z.array(object),
      status: z.enum(['success', 'error']).optional(),
    }),
  }),
  z.strictObject({ reasoningContent: object }),
  z.strictObject({ cachePoint: object }),
])

/** Bedrock's Converse; the model stands in the path. */
export const bedrockConverseSchema = z.strictObject({
  messages: z
    .array(
      z.strictObject({
        role: z.enum(['user', 'assistant']),
        content: z.array(converseBlock).min(1),
      }),
    )
    .min(1),
  system: z.array(object).optional(),
  inferenceConfig: z
    .strictObject({
      maxTokens: z.int().optional(),
      temperature: z.number().optional(),
      topP: z.number().optional(),
      stopSequences: z.array(z.string()).optional(),
    })
    .optional(),
  toolConfig: z
    .strictObject({ tools: z.array(object).min(1), toolChoice: object.optional() })
    .optional(),
  additionalModelRequestFields: object.optional(),
  requestMetadata: object.optional(),
  outputConfig: object.optional(),
  serviceTier: object.optional(),
})

const call = (args: z.ZodType) =>
  z.looseObject({ function: z.looseObject({ name: z.string().min(1), arguments: args }) })

/** Cohere's v2 chat. */
export const cohereChatSchema = z.strictObject({
  model: z.string().min(1),
  messages: z
    .array(
      z.discriminatedUnion('role', [
        z.strictObject({
          role: z.literal('system'),
          content: z.union([z.string(), z.array(object)]),
        }),
        z.strictObject({
          role: z.literal('user'),
          content: z.union([z.string(), z.array(object)]),
        }),
        z.strictObject({
          role: z.literal('assistant'),
          content: z.union([z.string(), z.array(object)]).optional(),
          tool_plan: z.string().optional(),
          tool_calls: z.array(call(z.string())).optional(),
        }),
        z.strictObject({
          role: z.literal('tool'),
          tool_call_id: z.string().min(1),
          content: z.union([z.string(), z.array(object)]),
        }),
      ]),
    )
    .min(1),
  stream: z.boolean(),
  tools: z.array(object).optional(),
  tool_choice: z.enum(['REQUIRED', 'NONE']).optional(),
  strict_tools: z.boolean().optional(),
  max_tokens: z.int().optional(),
  stop_sequences: z.array(z.string()).max(5).optional(),
  temperature: z.number().optional(),
  p: z.number().optional(),
  k: z.int().optional(),
  seed: z.int().optional(),
  frequency_penalty: z.number().optional(),
  presence_penalty: z.number().optional(),
  logprobs: z.boolean().optional(),
  response_format: object.optional(),
  thinking: object.optional(),
  citation_options: object.optional(),
})

/** Ollama's own chat. */
export const ollamaChatSchema = z.strictObject({
  model: z.string().min(1),
  messages: z
    .array(
      z.strictObject({
        role: z.enum(['system', 'user', 'assistant', 'tool']),
        content: z.string(),
        thinking: z.string().optional(),
        images: z.array(z.string()).optional(),
        tool_calls: z.array(call(object)).optional(),
        tool_name: z.string().optional(),
        tool_call_id: z.string().optional(),
      }),
    )
    .min(1),
  stream: z.boolean(),
  tools: z.array(object).optional(),
  format: z.union([z.string(), object]).optional(),
  options: object.optional(),
  think: z.union([z.boolean(), z.string()]).optional(),
  keep_alive: z.union([z.string(), z.number()]).optional(),
  logprobs: z.boolean().optional(),
  top_logprobs: z.int().optional(),
})
