/** What clients of Anthropic's and of Gemini's dialect send and get. Loose, as all schemas are. */
import { z } from 'zod'

const tokens = z.int().min(0).max(2_147_483_647)
const blocks = z.array(z.looseObject({ type: z.string() }))
const contents = z.array(
  z.looseObject({
    role: z.enum(['user', 'model']).optional(),
    parts: z.array(z.looseObject({ text: z.string().optional() })),
  }),
)

const MessagesRequest = z
  .looseObject({
    model: z.string().min(1).describe('A model of any provider: `provider/model`, or a bare name.'),
    messages: z.array(
      z.looseObject({
        role: z.enum(['user', 'assistant', 'system']),
        content: z.union([z.string(), blocks]),
      }),
    ),
    max_tokens: tokens,
    system: z.union([z.string(), blocks]).optional(),
    stream: z.boolean().optional(),
  })
  .meta({
    example: {
      model: 'demo/stream',
      max_tokens: 256,
      stream: true,
      messages: [{ role: 'user', content: 'What does a lock keeper do?' }],
    },
  })

const Message = z.looseObject({
  id: z.string(),
  type: z.literal('message'),
  role: z.literal('assistant'),
  model: z.string(),
  content: blocks,
  stop_reason: z.string().nullable(),
  usage: z.looseObject({ input_tokens: tokens, output_tokens: tokens }),
})

const GenerateContentRequest = z
  .looseObject({
    contents,
    systemInstruction: z.looseObject({}).optional(),
    generationConfig: z.looseObject({}).optional(),
  })
  .meta({
    example: { contents: [{ role: 'user', parts: [{ text: 'What does a lock keeper do?' }] }] },
  })

const GenerateContentResponse = z.looseObject({
  candidates: z.array(z.looseObject({})).optional(),
  usageMetadata: z.looseObject({}).optional(),
  modelVersion: z.string().optional(),
  responseId: z.string().optional(),
})

/** Name in the document -> schema. */
export const dialectSchemas = {
  MessagesRequest,
  Message,
  MessageEvent: z.looseObject({ type: z.string() }),
  TokenCount: z.looseObject({ input_tokens: tokens }),
  GenerateContentRequest,
  GenerateContentResponse,
} as const
