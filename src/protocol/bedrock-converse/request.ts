/** Writes the body of `Converse` and `ConverseStream`; model and streaming are in the path. */
import type { JsonObject } from '../../core/json.ts'
import { dropExtra, filled } from '../hub/foreign-fields.ts'
import { withFunctionTools } from '../hub/function-tools.ts'
import { cannotSay } from '../hub/losses.ts'
import type { HubRequest, ResponseFormat, Tool } from '../hub/request.ts'
import { losses } from './losses.ts'
import { cachePoint, writeMessages } from './messages.ts'
import { writeModelFields } from './reasoning.ts'

const dialect = 'bedrock-converse'

/** @throws GatewayError a 400 that names the parameter, for what the dialect cannot say. */
export function writeRequest(said: HubRequest): JsonObject {
  const request = withFunctionTools(said)
  refuse(request)
  dropExtra(request.extra, losses)
  const { messages, system, hasToolUse } = writeMessages(request.messages)
  const { additionalModelRequestFields, effort } = writeModelFields(request, messages)
  return {
    messages,
    ...filled({
      system,
      inferenceConfig: filled({
        maxTokens: request.outputTokensMax,
        temperature: request.temperature,
        topP: request.topP,
        stopSequences: request.stop,
      }),
      toolConfig: writeTools(request, hasToolUse),
      additionalModelRequestFields,
      requestMetadata: writeMetadata(request),
      serviceTier: writeTier(request.serviceTier),
      outputConfig: filled({ textFormat: writeFormat(request.responseFormat), effort }),
    }),
  }
}

function refuse(request: HubRequest): void {
  const { logitBias, tools } = request
  const asked: readonly (readonly [boolean, string])[] = [
    [request.parallelToolCalls === false && tools.length > 0, 'parallel_tool_calls'],
    [(request.frequencyPenalty ?? 0) !== 0, 'frequency_penalty'],
    [(request.presencePenalty ?? 0) !== 0, 'presence_penalty'],
    [logitBias !== null && Object.keys(logitBias).length > 0, 'logit_bias'],
    [request.logprobs === true || (request.topLogprobs ?? 0) > 0, 'logprobs'],
    [(request.choices ?? 1) !== 1, 'n'],
  ]
  for (const [isAsked, param] of asked) if (isAsked) throw cannotSay(dialect, param)
}

function writeTools(request: HubRequest, hasToolUse: boolean): JsonObject | null {
  const { toolChoice } = request
  if (toolChoice?.type === 'none') {
    // Without tools none can be called; but a turn that used one needs them to be there.
    if (hasToolUse && request.tools.length > 0) throw cannotSay(dialect, 'tool_choice')
    return null
  }
  const allowed = toolChoice?.type === 'allowed' ? toolChoice.names : null
  const tools = request.tools
    .filter((tool) => allowed === null || tool.type === 'native' || allowed.includes(tool.name))
    .flatMap(writeTool)
  if (tools.length === 0) return null
  return { tools, ...filled({ toolChoice: writeChoice(toolChoice) }) }
}

function writeChoice(choice: HubRequest['toolChoice']): JsonObject | null {
  switch (choice?.type) {
    case 'auto':
      return { auto: {} }
    case 'required':
      return { any: {} }
    case 'tool':
      return { tool: { name: choice.name } }
    case 'allowed':
      return choice.mode === 'required' ? { any: {} } : { auto: {} }
    default:
      return null
  }
}

function writeTool(tool: Tool): readonly JsonObject[] {
  if (tool.type !== 'function') throw cannotSay(dialect, 'tools')
  const { name, description, parameters, strict, cache } = tool
  const toolSpec = {
    name,
    ...(description !== null && description !== '' && { description }),
    inputSchema: { json: parameters ?? { type: 'object', properties: {} } },
    ...(strict !== null && { strict }),
  }
  return [{ toolSpec }, ...cachePoint(cache)]
}

function writeFormat(format: ResponseFormat | null): JsonObject | null {
  if (format === null || format.type === 'text') return null
  if (format.type === 'json') throw cannotSay(dialect, 'response_format')
  const { name, description, schema } = format
  const jsonSchema = filled({ schema: JSON.stringify(schema), name, description })
  return { type: 'json_schema', structure: { jsonSchema } }
}

const tiers: ReadonlySet<string> = new Set(['default', 'flex', 'priority', 'reserved'])

function writeTier(tier: string | null): JsonObject | null {
  return tier !== null && tiers.has(tier) ? { type: tier } : null
}

/** What AWS takes as a key or a value of metadata, and how many of them. */
const metadataChars = /^[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}$/
const METADATA_ENTRIES_MAX = 16

function writeMetadata({ metadata, userId }: HubRequest): JsonObject {
  const entries = Object.entries({ ...(userId !== null && { user_id: userId }), ...metadata })
  const legal = entries.filter(
    ([key, value]) =>
      metadataChars.test(key) && typeof value === 'string' && metadataChars.test(value),
  )
  return Object.fromEntries(legal.slice(0, METADATA_ENTRIES_MAX))
}
