/**
 * A request of `POST /v1/chat/completions`, strictly: a key that OpenAI does not document fails.
 * What agents use is spelled out; the rest of the documented fields is not expected here.
 */
import { z } from 'zod'

const text = z.strictObject({ type: z.literal('text'), text: z.string().min(1) })

const image = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({
    url: z.string().regex(/^(?:https?:|data:image\/(?:png|jpeg|gif|webp);base64,)/),
    detail: z.enum(['auto', 'low', 'high']).optional(),
  }),
})

const texts = z.union([z.string(), z.array(text).min(1)])

const call = z.strictObject({
  id: z.string().min(1).max(64),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string().regex(/^[\w-]{1,64}$/), arguments: z.string() }),
})

const assistant = {
  role: z.literal('assistant'),
  content: texts.nullish(),
  refusal: z.string().nullish(),
  name: z.string().optional(),
  tool_calls: z.array(call).min(1).optional(),
}

const others = [
  z.strictObject({ role: z.enum(['system', 'developer']), content: texts }),
  z.strictObject({
    role: z.literal('user'),
    content: z.union([z.string().min(1), z.array(z.union([text, image])).min(1)]),
  }),
  z.strictObject({ role: z.literal('tool'), content: texts, tool_call_id: z.string().min(1) }),
] as const

/** Without content there must be calls, else the message says nothing and is refused. */
const says = ({ content, tool_calls }: { content?: unknown; tool_calls?: unknown }): boolean =>
  (content !== undefined && content !== null) || tool_calls !== undefined

const parameters = z.looseObject({ type: z.literal('object') })

const common = {
  model: z.string().min(1),
  stream: z.literal(true),
  stream_options: z.strictObject({
    include_usage: z.boolean().optional(),
    include_obfuscation: z.boolean().optional(),
  }),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        function: z.strictObject({
          name: z.string().regex(/^[\w-]{1,64}$/),
          description: z.string().optional(),
          parameters: parameters.optional(),
          strict: z.boolean().nullish(),
        }),
      }),
    )
    .min(1),
  tool_choice: z.enum(['auto', 'none', 'required']).optional(),
  parallel_tool_calls: z.boolean().optional(),
}

/** OpenAI's own. */
export const openaiChatRequest = z.strictObject({
  ...common,
  messages: z.array(z.union([z.strictObject(assistant).refine(says), ...others])).min(1),
  max_completion_tokens: z.int().positive().optional(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).optional(),
  store: z.boolean().nullish(),
})

const detail = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('reasoning.text'),
    text: z.string().nullish(),
    signature: z.string().nullish(),
    id: z.string().nullish(),
    format: z.string().nullish(),
    index: z.int().optional(),
  }),
  z.strictObject({
    type: z.literal('reasoning.summary'),
    summary: z.string(),
    id: z.string().nullish(),
    format: z.string().nullish(),
    index: z.int().optional(),
  }),
  z.strictObject({
    type: z.literal('reasoning.encrypted'),
    data: z.string(),
    id: z.string().nullish(),
    format: z.string().nullish(),
    index: z.int().optional(),
  }),
])

/** OpenRouter's, which takes back reasoning with its signatures. */
export const openrouterRequest = z.strictObject({
  ...common,
  messages: z
    .array(
      z.union([
        z
          .strictObject({
            ...assistant,
            // Its documentation names both.
            reasoning: z.string().nullish(),
            reasoning_content: z.string().nullish(),
            reasoning_details: z.array(detail).optional(),
          })
          .refine(says),
        ...others,
      ]),
    )
    .min(1),
  max_completion_tokens: z.int().positive().optional(),
  max_tokens: z.int().positive().optional(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).optional(),
  reasoning: z
    .strictObject({ effort: z.string().optional(), max_tokens: z.int().optional() })
    .optional(),
})

/** Moonshot's: the limit has both of its names, and thinking goes back as text. */
export const moonshotRequest = z.strictObject({
  ...common,
  messages: z
    .array(
      z.union([
        z.strictObject({ ...assistant, reasoning_content: z.string().nullish() }).refine(says),
        ...others,
      ]),
    )
    .min(1),
  max_tokens: z.int().positive().optional(),
  max_completion_tokens: z.int().positive().optional(),
  thinking: z.strictObject({ type: z.enum(['enabled', 'disabled']) }).optional(),
  reasoning_effort: z.string().optional(),
})
