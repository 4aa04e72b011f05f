/** How much a model may think: `thinkingConfig`. */
import { isObject, type JsonObject, numberAt } from '../../core/json.ts'
import type { HubRequest, ReasoningSettings } from '../hub/request.ts'
import { camelKeys, wordAt } from './fields.ts'
import { invalid } from './invalid.ts'

/** A budget of -1 leaves it to the model, one of 0 switches thinking off. */
export function readThinking(config: unknown): ReasoningSettings | null {
  if (config === undefined || config === null) return null
  if (!isObject(config)) throw invalid('generationConfig.thinkingConfig', 'an object')
  const thinking = camelKeys(config)
  const budget = numberAt(thinking, 'thinkingBudget')
  const level = wordAt(thinking, 'thinkingLevel')
  return {
    enabled: budget === 0 ? false : budget === -1 ? true : null,
    effort: level === null || level === 'THINKING_LEVEL_UNSPECIFIED' ? null : level.toLowerCase(),
    budgetTokens: budget === null || budget <= 0 ? null : budget,
    summary: thinking.includeThoughts === true ? 'auto' : null,
  }
}

/** What the models before level 3 get for an effort, as in Google's own OpenAI endpoint. */
const budgetOfEffort: ReadonlyMap<string, number> = new Map([
  ['minimal', 1_024],
  ['low', 1_024],
  ['medium', 8_192],
  ['high', 24_576],
  ['xhigh', 24_576],
  ['max', 24_576],
])

const levelOfEffort: ReadonlyMap<string, string> = new Map([
  ['minimal', 'MINIMAL'],
  ['low', 'LOW'],
  ['medium', 'MEDIUM'],
  ['high', 'HIGH'],
  ['xhigh', 'HIGH'],
  ['max', 'HIGH'],
])

/** `thinkingConfig`, or null where nothing is said of it. */
export function writeThinking(request: HubRequest): JsonObject | null {
  const settings = request.reasoning
  if (settings === null) return null
  // Thinking that Anthropic's clients switch on is thinking that they are shown.
  const isShown = request.extra.dialect === 'anthropic-messages' && settings.enabled === true
  const config = {
    ...amount(settings, request.model),
    ...((isShown || (settings.summary ?? 'none') !== 'none') && { includeThoughts: true }),
  }
  return Object.keys(config).length === 0 ? null : config
}

/** Only one of budget and level may be sent. */
function amount(settings: ReasoningSettings, model: string): JsonObject {
  const { enabled, effort, budgetTokens } = settings
  if (enabled === false || effort === 'none') return { thinkingBudget: 0 }
  if (budgetTokens !== null) return { thinkingBudget: budgetTokens }
  if (effort !== null) {
    const level = levelOfEffort.get(effort)
    // Models before Gemini 3 know budgets only.
    if (/(?:^|\/)gemini-[12](?:\.|-|$)/.test(model)) {
      return { thinkingBudget: budgetOfEffort.get(effort) ?? -1 }
    }
    return { thinkingLevel: level ?? effort.toUpperCase() }
  }
  return enabled === true ? { thinkingBudget: -1 } : {}
}
