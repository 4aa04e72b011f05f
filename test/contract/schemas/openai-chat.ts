/** What OpenAI documents for the body of a chat completion, and what two stricter servers do. */
import { z } from 'zod'

const text = z.strictObject({ type: z.literal('text'), text: z.string() })
const image = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({ url: z.string(), detail: z.string().optional() }),
})
const file = z.strictObject({
  type: z.literal('file'),
  file: z.strictObject({
    file_data: z.string().optional(),
    file_id: z.string().optional(),
    filename: z.string().optional(),
  }),
})
const audio = z.strictObject({
  type: z.literal('input_audio'),
  input_audio: z.strictObject({ data: z.string(), format: z.string() }),
})

const system = z.strictObject({
  role: z.enum(['system', 'developer']),
  content: z.union([z.string(), z.array(text)]),
  name: z.string().optional(),
})
const user = z.strictObject({
  role: z.literal('user'),
  content: z.union([z.string(), z.array(z.union([text, image, file, audio])).min(1)]),
  name: z.string().optional(),
})
const call = (id: z.ZodString) =>
  z.strictObject({
    id,
    type: z.literal('function'),
    function: z.strictObject({ name: z.string().min(1), arguments: z.string().min(2) }),
  })
const assistant = z.strictObject({
  role: z.literal('assistant'),
  content: z.union([z.string(), z.array(text), z.null()]).optional(),
  refusal: z.string().nullable().optional(),
  name: z.string().optional(),
  tool_calls: z
    .array(call(z.string().min(1).max(64)))
    .min(1)
    .optional(),
  // Hosts of open models have these, under one name or the other.
  reasoning_content: z.string().optional(),
  reasoning: z.string().optional(),
  reasoning_details: z.array(z.looseObject({ type: z.string() })).optional(),
})
const tool = z.strictObject({
  role: z.literal('tool'),
  tool_call_id: z.string().min(1),
  content: z.union([z.string(), z.array(text)]),
})

const functionTool = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({
    name: z.string().min(1),
    description: z.string().optional(),
    parameters: z.looseObject({}).optional(),
    strict: z.boolean().optional(),
  }),
})
const named = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({ name: z.string() }),
})
const choice = z.union([z.enum(['none', 'auto', 'required']), named])

const sampling = {
  temperature: z.number().optional(),
  top_p: z.number().optional(),
  stop: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  n: z.int().optional(),
  frequency_penalty: z.number().optional(),
  presence_penalty: z.number().optional(),
  response_format: z.looseObject({ type: z.string() }).optional(),
}

/** OpenAI's own, and that of whoever follows it. */
export const openaiChatSchema = z.strictObject({
  model: z.string().min(1),
  messages: z.array(z.discriminatedUnion('role', [system, user, assistant, tool])).min(1),
  stream: z.boolean().optional(),
  stream_options: z.strictObject({ include_usage: z.boolean() }).optional(),
  tools: z.array(functionTool).min(1).optional(),
  tool_choice: choice.optional(),
  parallel_tool_calls: z.boolean().optional(),
  max_completion_tokens: z.int().optional(),
  max_tokens: z.int().optional(),
  seed: z.int().optional(),
  reasoning_effort: z.string().optional(),
  user: z.string().optional(),
  metadata: z.looseObject({}).optional(),
  store: z.boolean().optional(),
  service_tier: z.string().optional(),
  ...sampling,
})

/** Z.ai's name for the user, and its switch for thinking. */
export const zaiSchema = openaiChatSchema.omit({ user: true, reasoning_effort: true }).extend({
  user_id: z.string().optional(),
  thinking: z.strictObject({ type: z.enum(['enabled', 'disabled']) }).optional(),
})

/** For hosts that document prompt-cache markers: everything else is as OpenAI has it. */
export const markedChatSchema = z.preprocess(
  (body) =>
    JSON.parse(JSON.stringify(body), (key, value) => (key === 'cache_control' ? undefined : value)),
  openaiChatSchema.extend({
    enable_thinking: z.boolean().optional(),
    reasoning: z.strictObject({ effort: z.string() }).optional(),
  }),
)

const mistralMessage = z.discriminatedUnion('role', [
  system.omit({ name: true }).extend({ role: z.literal('system') }),
  user.omit({ name: true }),
  z.strictObject({
    role: z.literal('assistant'),
    content: z
      .union([z.string(), z.null(), z.array(z.looseObject({ type: z.enum(['text', 'thinking']) }))])
      .optional(),
    tool_calls: z.array(call(z.string().regex(/^[a-zA-Z0-9]{9}$/))).optional(),
    prefix: z.boolean().optional(),
  }),
  tool.extend({ tool_call_id: z.string().regex(/^[a-zA-Z0-9]{9}$/) }),
])

/** Mistral answers 422 to a field that it does not know. */
export const mistralSchema = z.strictObject({
  model: z.string().min(1),
  messages: z.array(mistralMessage).min(1),
  stream: z.boolean().optional(),
  tools: z.array(functionTool).optional(),
  tool_choice: choice.optional(),
  parallel_tool_calls: z.boolean().optional(),
  max_tokens: z.int().optional(),
  random_seed: z.int().optional(),
  reasoning_effort: z.enum(['none', 'high']).optional(),
  ...sampling,
})

/** The chat of watsonx. */
export const watsonxSchema = z.strictObject({
  model_id: z.string().min(1),
  project_id: z.string().optional(),
  space_id: z.string().optional(),
  messages: openaiChatSchema.shape.messages,
  tools: z.array(functionTool).optional(),
  tool_choice: named.optional(),
  tool_choice_option: z.enum(['none', 'auto', 'required']).optional(),
  max_completion_tokens: z.int().optional(),
  max_tokens: z.int().optional(),
  seed: z.int().optional(),
  reasoning_effort: z.string().optional(),
  parallel_tool_calls: z.boolean().optional(),
  ...sampling,
})
