/** Writes how to think and how to sample, in the way that the model wants it said. */
import type { JsonObject } from '../../core/json.ts'
import { cannotSay } from '../hub/losses.ts'
import type { HubRequest, ReasoningSettings } from '../hub/request.ts'
import { lacksThinking } from './foreign-thinking.ts'
import type { WrittenMessage } from './messages-write.ts'
import type { ModelTraits } from './models.ts'
import { dialect } from './words.ts'

/** The least budget there is, and what is left for the answer beside it. */
const BUDGET_MIN = 1_024
const ANSWER_MIN = 1_024

const budgets: ReadonlyMap<string, number> = new Map([
  ['minimal', BUDGET_MIN],
  ['low', 2_048],
  ['medium', 8_192],
  ['high', 16_384],
  ['xhigh', 24_576],
  ['max', 30_976],
])

/** What a request says about thinking. */
export interface Thinking {
  readonly thinking: JsonObject | null
  readonly effort: string | null
}

const nothing: Thinking = { thinking: null, effort: null }

/** Thinking for a request that came in this dialect: as it was, where it can be. */
export function writeOwnThinking(
  reasoning: ReasoningSettings | null,
  turns: readonly WrittenMessage[],
): Thinking {
  if (reasoning === null) return nothing
  const { enabled, effort, budgetTokens, summary } = reasoning
  if (enabled === null) return { thinking: null, effort }
  if (!enabled) return { thinking: { type: 'disabled' }, effort }
  if (budgetTokens !== null && lacksThinking(turns)) return { thinking: null, effort }
  const display = summary === null ? {} : { display: 'summarized' }
  const thinking =
    budgetTokens === null
      ? { type: 'adaptive', ...display }
      : { type: 'enabled', budget_tokens: budgetTokens, ...display }
  return { thinking, effort }
}

/**
 * Thinking for a request of another dialect.
 * @throws GatewayError a 400 for an effort that nobody knows.
 */
export function writeThinking(
  request: HubRequest,
  turns: readonly WrittenMessage[],
  traits: ModelTraits,
  outputTokensMax: number,
): Thinking {
  const { reasoning } = request
  if (reasoning === null) return nothing
  const { enabled, effort, budgetTokens } = reasoning
  const isOff = enabled === false || effort === 'none' || budgetTokens === 0
  if (isOff) return thinkingOff(traits)
  if (enabled === null && effort === null && budgetTokens === null) return nothing
  if (effort !== null && !budgets.has(effort)) throw cannotSay(dialect, 'reasoning_effort')
  // A forced tool excludes thinking, and is the firmer of the two wishes.
  const { toolChoice } = request
  if (toolChoice?.type === 'required' || toolChoice?.type === 'tool') return nothing
  if (toolChoice?.type === 'allowed' && toolChoice.mode === 'required') return nothing
  if (traits.thinking === 'adaptive') {
    const level = effort ?? (budgetTokens === null ? null : effortOf(budgetTokens))
    // Newer models keep their thinking to themselves unless they are asked to show it.
    const thinking = { type: 'adaptive', display: 'summarized' }
    return { thinking, effort: level === null ? null : knownEffort(level, traits) }
  }
  const wanted = budgetTokens ?? budgets.get(effort ?? 'medium') ?? BUDGET_MIN
  const budget = Math.min(Math.max(wanted, BUDGET_MIN), outputTokensMax - ANSWER_MIN)
  if (budget < BUDGET_MIN || lacksThinking(turns)) return nothing
  return { thinking: { type: 'enabled', budget_tokens: budget }, effort: null }
}

function thinkingOff(traits: ModelTraits): Thinking {
  if (traits.thinking === 'budget') return nothing
  return traits.canDisableThinking
    ? { thinking: { type: 'disabled' }, effort: null }
    : { thinking: null, effort: 'low' }
}

function effortOf(budgetTokens: number): string {
  if (budgetTokens <= 4_096) return 'low'
  return budgetTokens <= 12_288 ? 'medium' : 'high'
}

function knownEffort(effort: string, traits: ModelTraits): string {
  if (effort === 'minimal') return 'low'
  return effort === 'xhigh' && !traits.knowsXhigh ? 'high' : effort
}

/** How to sample. */
export function writeSampling(
  request: HubRequest,
  isOwn: boolean,
  traits: ModelTraits,
  isThinking: boolean,
): JsonObject {
  const { temperature, topP, topK } = request
  if (!isOwn && !traits.takesSampling) return {}
  const keepsTemperature = temperature !== null && (isOwn || !isThinking)
  const keepsTopP = topP !== null && (isOwn || (!isThinking && temperature === null))
  const keepsTopK = topK !== null && (isOwn || !isThinking)
  return {
    ...(keepsTemperature && { temperature: isOwn ? temperature : Math.min(temperature, 1) }),
    ...(keepsTopP && { top_p: topP }),
    ...(keepsTopK && { top_k: topK }),
  }
}
