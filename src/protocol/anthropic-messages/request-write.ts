/** Writes a request of the Messages API. */
import { isObject, type JsonObject, textAt } from '../../core/json.ts'
import { withFunctionTools } from '../hub/function-tools.ts'
import { cannotSay } from '../hub/losses.ts'
import type { HubRequest, Tool, ToolChoice } from '../hub/request.ts'
import { mayDrop } from './losses.ts'
import { writeMessages } from './messages-write.ts'
import { modelTraits } from './models.ts'
import { writeCache } from './parts-write.ts'
import { adaptSchema } from './schema.ts'
import { writeOwnThinking, writeSampling, writeThinking } from './settings-write.ts'
import { dialect, ownValue, writeRequestTier } from './words.ts'

/** Stands in for a JSON mode without a schema, which elsewhere asks for the same in the prompt. */
const jsonInstruction = 'Answer with one valid JSON object and nothing else.'

/** Values that ask for nothing, of fields that otherwise could not be left out. */
const neutral: ReadonlyMap<string, string> = new Map([
  ['background', 'false'],
  ['echo', 'false'],
  ['best_of', '1'],
  ['modalities', '["text"]'],
  ['responseModalities', '["TEXT"]'],
])

/**
 * A request for a provider.
 * @throws GatewayError a 400 that names what cannot be said.
 */
export function writeRequest(said: HubRequest): JsonObject {
  const request = withFunctionTools(said)
  const isOwn = request.extra.dialect === dialect
  refuseUnspeakable(request)
  const traits = modelTraits(request.model)
  const maxTokens = request.outputTokensMax ?? traits.outputTokensDefault
  const { system, messages } = writeMessages(request.messages, isOwn)
  const { thinking, effort } = isOwn
    ? writeOwnThinking(request.reasoning, messages)
    : writeThinking(request, messages, traits, maxTokens)
  if (request.responseFormat?.type === 'json') system.push({ type: 'text', text: jsonInstruction })
  const tools = writeTools(request)
  const choice = tools.length === 0 ? null : writeToolChoice(request)
  const format = writeFormat(request, isOwn)
  const outputConfig = { ...(effort !== null && { effort }), ...(format !== null && { format }) }
  const tier = writeRequestTier(request.serviceTier)
  const isThinking = thinking !== null && thinking.type !== 'disabled'
  const body: JsonObject = {
    model: request.model,
    max_tokens: maxTokens,
    ...(request.stream && { stream: true }),
    ...(system.length > 0 && { system }),
    messages,
    ...(tools.length > 0 && { tools }),
    ...(choice !== null && { tool_choice: choice }),
    ...(thinking !== null && { thinking }),
    ...(Object.keys(outputConfig).length > 0 && { output_config: outputConfig }),
    ...writeSampling(request, isOwn, traits, isThinking),
    ...(request.stop.length > 0 && { stop_sequences: request.stop }),
    ...(request.userId !== null && { metadata: { user_id: request.userId } }),
    ...(tier !== null && { service_tier: tier }),
  }
  return isOwn ? withExtra(body, request.extra.fields) : body
}

/** Adds our own unknown fields; those of a field that is known in part join the known ones. */
function withExtra(body: JsonObject, fields: JsonObject): JsonObject {
  const merged = Object.entries(fields).flatMap(([key, value]) => {
    const known = body[key]
    // Where the thinking itself could not be kept, what was said besides of it means nothing.
    const isBare = key === 'thinking' && known === undefined
    if (isBare && isObject(value) && value.type === undefined) return []
    return [[key, isObject(known) && isObject(value) ? { ...known, ...value } : value]]
  })
  return { ...body, ...Object.fromEntries(merged) }
}

/** What would change the meaning of the request if it were left out. */
function refuseUnspeakable(request: HubRequest): void {
  const isGemini = request.extra.dialect === 'gemini'
  if ((request.choices ?? 1) > 1) throw cannotSay(dialect, isGemini ? 'candidateCount' : 'n')
  if (request.logprobs === true || (request.topLogprobs ?? 0) > 0) {
    throw cannotSay(dialect, isGemini ? 'responseLogprobs' : 'logprobs')
  }
  if (Object.keys(request.logitBias ?? {}).length > 0) throw cannotSay(dialect, 'logit_bias')
  if (request.stop.some((stop) => stop.trim() === '')) {
    throw cannotSay(dialect, isGemini ? 'stopSequences' : 'stop')
  }
  if (request.extra.dialect === dialect) return
  for (const [field, value] of Object.entries(request.extra.fields)) {
    if (!asksForNothing(field, value) && !mayDrop(field)) throw cannotSay(dialect, field)
  }
}

function asksForNothing(field: string, value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true
  if (Array.isArray(value) && value.length === 0) return true
  if (isObject(value) && Object.keys(value).length === 0) return true
  return neutral.get(field) === JSON.stringify(value)
}

function writeTools(request: HubRequest): readonly JsonObject[] {
  const { toolChoice } = request
  const names = toolChoice?.type === 'allowed' ? new Set(toolChoice.names) : null
  return request.tools
    .map(writeTool)
    .filter((tool) => names === null || names.has(textAt(tool, 'name') ?? ''))
}

function writeTool(tool: Tool): JsonObject {
  if (tool.type !== 'function') {
    const own = tool.type === 'native' ? ownValue(tool.native) : null
    if (own === null) throw cannotSay(dialect, 'tools')
    return own
  }
  const { parameters } = tool
  return {
    name: tool.name,
    ...(tool.description !== null && { description: tool.description }),
    input_schema:
      parameters === null
        ? { type: 'object', properties: {} }
        : { ...parameters, type: parameters.type ?? 'object' },
    ...(tool.strict !== null && { strict: tool.strict }),
    ...writeCache(tool.cache),
    ...ownValue(tool.details),
  }
}

function writeToolChoice(request: HubRequest): JsonObject | null {
  const { toolChoice, parallelToolCalls } = request
  if (toolChoice === null && parallelToolCalls === null) return null
  const choice = toolChoiceObject(toolChoice ?? { type: 'auto' })
  // Who may not call at all cannot call in parallel either.
  if (parallelToolCalls === null || choice.type === 'none') return choice
  return { ...choice, disable_parallel_tool_use: !parallelToolCalls }
}

function toolChoiceObject(choice: ToolChoice): JsonObject {
  switch (choice.type) {
    case 'required':
      return { type: 'any' }
    case 'tool':
      return { type: 'tool', name: choice.name }
    case 'allowed':
      return { type: choice.mode === 'required' ? 'any' : 'auto' }
    default:
      return { type: choice.type }
  }
}

function writeFormat(request: HubRequest, isOwn: boolean): JsonObject | null {
  const { responseFormat } = request
  if (responseFormat?.type !== 'json-schema') return null
  const { schema } = responseFormat
  return { type: 'json_schema', schema: isOwn ? schema : adaptSchema(schema) }
}
