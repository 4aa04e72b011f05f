/**
 * How much a model may think. Converse has a field for the effort of newer models; everything else
 * is in the fields of the model's own family, which its id tells.
 */
import { isObject, type JsonObject } from '../../core/json.ts'
import type { HubRequest } from '../hub/request.ts'

/** What is added to a request for its `reasoning` and its `topK`. */
export interface ModelFields {
  readonly additionalModelRequestFields: JsonObject
  /** `outputConfig.effort` */
  readonly effort: string | null
}

/** Claude of before 4.6 takes budgets, of no less than this. */
const BUDGET_MIN = 1_024

const budgetOfEffort: ReadonlyMap<string, number> = new Map([
  ['minimal', 1_024],
  ['low', 1_024],
  ['medium', 8_192],
  ['high', 16_384],
  ['xhigh', 24_576],
  ['max', 24_576],
])

/**
 * The fields for a model. An id that hides the family (an ARN) gets what Converse itself has.
 * @param messages as they are sent.
 */
export function writeModelFields(
  request: HubRequest,
  messages: readonly JsonObject[],
): ModelFields {
  const { model, topK } = request
  if (/claude/.test(model)) return claudeFields(request, messages)
  if (/amazon\.nova/.test(model)) return novaFields(request)
  const sampling = topK === null ? {} : { top_k: topK }
  const effort = effortOf(request)
  if (/openai\.gpt/.test(model)) {
    const named = effort === null ? {} : { reasoning_effort: effort }
    return { additionalModelRequestFields: { ...sampling, ...named }, effort: null }
  }
  return {
    additionalModelRequestFields: sampling,
    effort: effort === null ? null : atLeastLow(effort),
  }
}

/** The effort that was asked for, or null; switching it off is not one. */
function effortOf({ reasoning }: HubRequest): string | null {
  if (reasoning === null || isOff(reasoning)) return null
  return reasoning.effort
}

function isOff({ enabled, effort }: NonNullable<HubRequest['reasoning']>): boolean {
  return enabled === false || effort === 'none'
}

/** `low` is the least that Converse's own field knows. */
const atLeastLow = (effort: string): string => (effort === 'minimal' ? 'low' : effort)

function claudeFields(request: HubRequest, messages: readonly JsonObject[]): ModelFields {
  const { reasoning, topK, model, outputTokensMax } = request
  const sampling = topK === null ? {} : { top_k: topK }
  const plain = { additionalModelRequestFields: sampling, effort: null }
  if (reasoning === null || isOff(reasoning)) return plain
  const { budgetTokens, effort, enabled } = reasoning
  if (budgetTokens === null && isAdaptive(model)) {
    if (enabled !== true && effort === null) return plain
    const additionalModelRequestFields = { ...sampling, thinking: { type: 'adaptive' } }
    return { additionalModelRequestFields, effort: effort === null ? null : atLeastLow(effort) }
  }
  const budget = budgetTokens ?? claudeBudget(effort ?? (enabled ? 'medium' : ''), outputTokensMax)
  if (budget === null || lacksThinking(messages)) return plain
  const thinking = { type: 'enabled', budget_tokens: budget }
  return { additionalModelRequestFields: { ...sampling, thinking }, effort: null }
}

/**
 * Whether an unfinished turn of tools does not begin with thinking, because another provider began
 * it: with a budget, Claude refuses that. A turn lasts until the user says something else than
 * results; what the model says after results is the middle of it, and need not think again.
 */
function lacksThinking(messages: readonly JsonObject[]): boolean {
  if (!blocksOf(messages.at(-1)).some(isResult)) return false
  const turns = messages.slice(0, -1)
  const before = turns.findLastIndex((each) => each.role === 'user' && !isAllResults(each))
  const [block] = blocksOf(turns[before + 1])
  return !isObject(block) || block.reasoningContent === undefined
}

/** A cache point stands behind what it is for, and says nothing. */
function isAllResults(message: JsonObject): boolean {
  return blocksOf(message).every(
    (block) => isResult(block) || (isObject(block) && block.cachePoint !== undefined),
  )
}

function blocksOf(message: JsonObject | undefined): readonly unknown[] {
  return Array.isArray(message?.content) ? message.content : []
}

function isResult(block: unknown): boolean {
  return isObject(block) && block.toolResult !== undefined
}

/** From 4.6 on Claude decides for itself how much to think, within an effort. */
function isAdaptive(model: string): boolean {
  return /claude-[a-z]+-(?:4-[6-9]|[5-9])(?![0-9])/.test(model)
}

/** The budget must leave room for an answer; null where there is none for thinking. */
function claudeBudget(effort: string, outputTokensMax: number | null): number | null {
  const wanted = budgetOfEffort.get(effort)
  if (wanted === undefined) return null
  const room = outputTokensMax === null ? wanted : Math.min(wanted, Math.floor(outputTokensMax / 2))
  return room < BUDGET_MIN ? null : room
}

function novaFields(request: HubRequest): ModelFields {
  const { reasoning, topK } = request
  const sampling = topK === null ? {} : { inferenceConfig: { topK } }
  const config = reasoning === null ? null : novaReasoning(reasoning)
  const named = config === null ? {} : { reasoningConfig: config }
  return { additionalModelRequestFields: { ...sampling, ...named }, effort: null }
}

function novaReasoning(reasoning: NonNullable<HubRequest['reasoning']>): JsonObject | null {
  if (isOff(reasoning)) return { type: 'disabled' }
  const { effort, enabled } = reasoning
  if (effort === null && enabled !== true) return null
  const known = new Map([
    ['minimal', 'low'],
    ['low', 'low'],
    ['high', 'high'],
    ['xhigh', 'high'],
    ['max', 'high'],
  ])
  return { type: 'enabled', maxReasoningEffort: known.get(effort ?? '') ?? 'medium' }
}
