/** The `response` object that the first events and the end of a stream carry. */
import type { JsonObject } from '../../core/json.ts'
import type { HubEvent } from '../hub/events.ts'
import { madeAnswerId } from '../hub/ids.ts'
import type { HubRequest } from '../hub/request.ts'
import type { AnswerContext } from '../translation.ts'
import { instructionsOf } from './input-write.ts'
import { writeReasoning, writeText } from './settings.ts'
import { writeTool, writeToolChoice } from './tools.ts'
import { dialect, ownValue } from './words.ts'

/** A response without what changes while it comes: its status, output and usage. */
export interface ResponseHead extends JsonObject {
  readonly id: string
}

/** The response that answers a request, with the request's own words where the API repeats them. */
export function responseHead(
  start: Extract<HubEvent, { type: 'start' }> | null,
  context: AnswerContext,
): ResponseHead {
  const { request } = context
  return {
    id: start?.id || madeAnswerId('resp_', context.requestId),
    object: 'response',
    created_at: start?.createdS ?? context.createdS,
    background: false,
    error: null,
    incomplete_details: null,
    model: start?.model || context.model,
    ...echoOf(request),
    service_tier: start?.serviceTier ?? null,
  }
}

/** What a response repeats of its request, with the API's defaults for what was not said. */
function echoOf(request: HubRequest): JsonObject {
  const { dialect: source, fields } = request.extra
  const own = source === dialect ? fields : {}
  const { toolChoice, tools } = request
  const choice = toolChoice === null ? 'auto' : writeToolChoice(toolChoice, tools)
  return {
    instructions: instructionsOf(request),
    max_output_tokens: request.outputTokensMax,
    max_tool_calls: own.max_tool_calls ?? null,
    metadata: request.metadata ?? {},
    parallel_tool_calls: request.parallelToolCalls ?? true,
    previous_response_id: null,
    prompt_cache_key: own.prompt_cache_key ?? null,
    reasoning: { effort: null, summary: null, ...writeReasoning(request.reasoning) },
    safety_identifier: null,
    // Nothing is kept on the way through a translation, whatever was asked for.
    store: false,
    temperature: request.temperature ?? 1,
    text: { format: { type: 'text' }, ...writeText(request) },
    tool_choice: own.tool_choice ?? choice,
    tools: tools
      .filter((tool) => tool.type !== 'native' || ownValue(tool.native) !== null)
      .map((tool) => writeTool(tool, true)),
    top_logprobs: request.topLogprobs ?? 0,
    top_p: request.topP ?? 1,
    truncation: own.truncation ?? 'disabled',
    user: request.userId,
  }
}
