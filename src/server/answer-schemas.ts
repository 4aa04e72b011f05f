/** What providers answer. Loose, because it passes as it is, with whatever else they put in. */
import { z } from 'zod'
import { ChatMessage } from './request-schemas.ts'

const count = z.int().min(0).max(2_147_483_647)
const created = z.int().min(0).max(4_294_967_295).describe('Seconds since 1970.')
const finishReason = z.string().nullable()
const model = 'demo/stream'
const at = 1_780_000_000

const Usage = z
  .looseObject({ prompt_tokens: count, completion_tokens: count.optional(), total_tokens: count })
  .meta({
    description: 'Token counts as the provider reported them.',
    example: { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 },
  })

const ChatCompletion = z
  .looseObject({
    id: z.string(),
    object: z.literal('chat.completion'),
    created,
    model: z.string(),
    choices: z.array(
      z.looseObject({ index: count, message: ChatMessage, finish_reason: finishReason }),
    ),
    usage: Usage.optional(),
  })
  .meta({
    example: {
      id: 'chatcmpl-demo-1',
      object: 'chat.completion',
      created: at,
      model,
      choices: [
        { index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' },
      ],
      usage: { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 },
    },
  })

const ChatCompletionChunk = z
  .looseObject({
    id: z.string(),
    object: z.literal('chat.completion.chunk'),
    created,
    model: z.string(),
    choices: z.array(
      z.looseObject({
        index: count,
        delta: z.looseObject({ role: z.string().optional(), content: z.string().optional() }),
        finish_reason: finishReason.optional(),
      }),
    ),
    usage: Usage.nullable().optional(),
  })
  .meta({ description: 'One event of a streamed chat completion.' })

const Completion = z
  .looseObject({
    id: z.string(),
    object: z.literal('text_completion'),
    created,
    model: z.string(),
    choices: z.array(
      z.looseObject({ index: count, text: z.string(), finish_reason: finishReason }),
    ),
    usage: Usage.nullable().optional(),
  })
  .meta({
    example: {
      id: 'cmpl-demo-1',
      object: 'text_completion',
      created: at,
      model,
      choices: [{ index: 0, text: 'Hello', finish_reason: 'stop' }],
    },
  })

const Response = z
  .looseObject({
    id: z.string(),
    object: z.literal('response'),
    status: z.enum(['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled']),
    model: z.string().optional(),
    output: z.array(z.looseObject({ type: z.string() })).optional(),
    usage: z.looseObject({ input_tokens: count, output_tokens: count }).nullable().optional(),
  })
  .meta({
    example: {
      id: 'resp_demo_1',
      object: 'response',
      status: 'completed',
      model,
      output: [
        {
          type: 'message',
          role: 'assistant',
          content: [{ type: 'output_text', text: 'Hello' }],
        },
      ],
      usage: { input_tokens: 9, output_tokens: 1 },
    },
  })

const ResponseEvent = z
  .looseObject({ type: z.string(), sequence_number: count.optional() })
  .meta({ description: '`response.created`, `response.output_text.delta` and their like.' })

const EmbeddingList = z
  .looseObject({
    object: z.literal('list'),
    model: z.string(),
    data: z.array(
      z.looseObject({
        object: z.literal('embedding'),
        index: count,
        embedding: z.union([z.array(z.number()), z.string()]),
      }),
    ),
    usage: Usage.optional(),
  })
  .meta({
    example: {
      object: 'list',
      model: 'demo/embedding',
      data: [{ object: 'embedding', index: 0, embedding: [0.12, -0.34] }],
      usage: { prompt_tokens: 1, total_tokens: 1 },
    },
  })

const exampleModel = { id: model, object: 'model', created: at, owned_by: 'demo' }

const Model = z
  .looseObject({
    id: z.string(),
    object: z.literal('model'),
    created,
    owned_by: z.string(),
  })
  .meta({ example: exampleModel })

const ModelList = z
  .looseObject({ object: z.literal('list'), data: z.array(Model) })
  .meta({ example: { object: 'list', data: [exampleModel] } })

const AnyObject = z
  .looseObject({})
  .meta({ description: 'A body as the provider defines it.', example: {} })

/** Name in the document -> schema. */
export const answerSchemas = {
  Usage,
  ChatCompletion,
  ChatCompletionChunk,
  Completion,
  Response,
  ResponseEvent,
  EmbeddingList,
  Model,
  ModelList,
  AnyObject,
} as const
