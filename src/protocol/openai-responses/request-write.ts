/** A request of the hub in the words of the Responses API. */
import type { JsonObject } from '../../core/json.ts'
import { cannotSay } from '../hub/losses.ts'
import type { HubRequest } from '../hub/request.ts'
import { instructionsOf, writeInput } from './input-write.ts'
import { dropOrRefuse } from './losses.ts'
import { logprobsIncluded } from './request-read.ts'
import { writeReasoning, writeText } from './settings.ts'
import { writeTool, writeToolChoice } from './tools.ts'
import { dialect } from './words.ts'

/** Below it the API refuses the request. */
const outputTokensMin = 16

/** Fields that Chat has under the same name and with the same meaning. */
const sharedWithChat = new Set(['prompt_cache_key', 'prompt_cache_retention', 'moderation'])

/** The tiers of OpenAI; those of others are no tiers here. */
const serviceTiers = new Set(['auto', 'default', 'flex', 'scale', 'priority', 'fast', 'ultrafast'])

/** What makes the model's reasoning come with what the next turn must send back. */
const reasoningIncluded = 'reasoning.encrypted_content'

/** @throws GatewayError a 400 that names what cannot be said. */
export function writeRequest(request: HubRequest): JsonObject {
  refuse(request)
  const { tools, toolChoice, parallelToolCalls, outputTokensMax, metadata, topLogprobs } = request
  const isOwn = request.extra.dialect === dialect
  const extra = extraFields(request)
  const instructions = instructionsOf(request)
  const said = {
    model: request.model,
    instructions,
    input: writeInput(request),
    stream: request.stream,
    tools: tools.length === 0 ? null : tools.map((tool) => writeTool(tool, isOwn)),
    tool_choice: toolChoice === null ? null : writeToolChoice(toolChoice, tools),
    parallel_tool_calls: parallelToolCalls,
    max_output_tokens:
      outputTokensMax === null || isOwn
        ? outputTokensMax
        : Math.max(outputTokensMax, outputTokensMin),
    temperature: request.temperature,
    top_p: request.topP,
    top_logprobs: topLogprobs,
    metadata,
    // The older name is the one that every server with this API knows.
    [extra.user === undefined ? 'user' : 'safety_identifier']: request.userId,
    service_tier: tierOf(request, isOwn),
    // Chat stores nothing unless it is told to, and nobody else stores at all.
    store: request.store ?? (isOwn ? null : false),
    include: includeOf(request, extra, isOwn),
  }
  const text = { ...writeText(request), ...unnested(extra, 'text') }
  const reasoning = { ...writeReasoning(request.reasoning), ...unnested(extra, 'reasoning') }
  // Names with a dot are of fields inside others, or of items of the input.
  const flat = Object.entries(extra).filter(([key]) => !key.includes('.') && key !== 'include')
  return {
    ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null)),
    ...(Object.keys(text).length > 0 && { text }),
    ...(Object.keys(reasoning).length > 0 && { reasoning }),
    ...Object.fromEntries(flat),
  }
}

function refuse({ stop, choices, logitBias }: HubRequest): void {
  if (stop.length > 0) throw cannotSay(dialect, 'stop')
  if (choices !== null && choices > 1) throw cannotSay(dialect, 'n')
  if (logitBias !== null && Object.keys(logitBias).length > 0) {
    throw cannotSay(dialect, 'logit_bias')
  }
}

/** The fields beyond the hub that may be said. @throws GatewayError for one that must not go. */
function extraFields({ extra }: HubRequest): JsonObject {
  if (extra.dialect === dialect) return extra.fields
  const kept = Object.entries(extra.fields).filter(([key]) => {
    const isShared = extra.dialect === 'openai-chat' && sharedWithChat.has(key)
    if (!isShared) dropOrRefuse(key)
    return isShared
  })
  return Object.fromEntries(kept)
}

/**
 * `include`. A client of another dialect that asks for thinking must get what it takes to go on
 * from it; one that does not ask may be using a model for which that is an error.
 */
function includeOf(
  { logprobs, reasoning, store }: HubRequest,
  extra: JsonObject,
  isOwn: boolean,
): readonly unknown[] | null {
  const own: readonly unknown[] = Array.isArray(extra.include) ? extra.include : []
  const thinks = reasoning !== null && reasoning.enabled !== false && reasoning.effort !== 'none'
  const include = [
    ...own,
    ...(logprobs === true ? [logprobsIncluded] : []),
    ...(thinks && !isOwn && store !== true ? [reasoningIncluded] : []),
  ]
  return include.length === 0 ? null : include
}

function tierOf({ serviceTier }: HubRequest, isOwn: boolean): string | null {
  return serviceTier !== null && (isOwn || serviceTiers.has(serviceTier)) ? serviceTier : null
}

/** Fields that the reader took out of the object at `key`. */
function unnested(extra: JsonObject, key: string): JsonObject {
  const entries = Object.entries(extra)
  return Object.fromEntries(
    entries
      .filter(([name]) => name.startsWith(`${key}.`))
      .map(([name, value]) => [name.slice(key.length + 1), value]),
  )
}
