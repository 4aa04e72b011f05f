/** A request of `ConverseStream`, strictly, as far as agents go. */
import { z } from 'zod'

const image = z.strictObject({
  image: z.strictObject({
    format: z.enum(['png', 'jpeg', 'gif', 'webp']),
    source: z.strictObject({ bytes: z.base64() }),
  }),
})

const text = z.strictObject({ text: z.string().regex(/\S/) })

const callId = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/)

const result = z.strictObject({
  toolResult: z.strictObject({
    toolUseId: callId,
    content: z.array(
      z.union([text, image, z.strictObject({ json: z.record(z.string(), z.unknown()) })]),
    ),
    status: z.enum(['success', 'error']).optional(),
  }),
})

const user = z.strictObject({
  role: z.literal('user'),
  content: z.array(z.union([text, image, result])).min(1),
})

const assistant = z.strictObject({
  role: z.literal('assistant'),
  content: z
    .array(
      z.union([
        text,
        z.strictObject({
          toolUse: z.strictObject({
            toolUseId: callId,
            name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
            input: z.record(z.string(), z.unknown()),
          }),
        }),
        z.strictObject({
          reasoningContent: z.strictObject({
            reasoningText: z.strictObject({ text: z.string(), signature: z.string().min(1) }),
          }),
        }),
      ]),
    )
    .min(1),
})

/** The whole of it; the model and the streaming are in the path. */
export const bedrockConverseRequest = z.strictObject({
  messages: z.array(z.union([user, assistant])).min(1),
  system: z.array(text).min(1).optional(),
  inferenceConfig: z
    .strictObject({
      maxTokens: z.int().positive().optional(),
      temperature: z.number().optional(),
      topP: z.number().optional(),
      stopSequences: z.array(z.string()).optional(),
    })
    .optional(),
  toolConfig: z.strictObject({
    tools: z
      .array(
        z.strictObject({
          toolSpec: z.strictObject({
            name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
            description: z.string().min(1).optional(),
            inputSchema: z.strictObject({ json: z.looseObject({ type: z.literal('object') }) }),
            strict: z.boolean().optional(),
          }),
        }),
      )
      .min(1),
    toolChoice: z
      .union([
        z.strictObject({ auto: z.strictObject({}) }),
        z.strictObject({ any: z.strictObject({}) }),
        z.strictObject({ tool: z.strictObject({ name: z.string() }) }),
      ])
      .optional(),
  }),
  // The fields of Claude, which is the model here.
  additionalModelRequestFields: z
    .strictObject({
      thinking: z
        .strictObject({ type: z.literal('enabled'), budget_tokens: z.int().min(1024) })
        .optional(),
    })
    .optional(),
})
