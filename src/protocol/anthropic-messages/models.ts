/**
 * What must be known of a model to put another dialect's request into words that it accepts. Only
 * such requests are adapted; one that came in this dialect says what its client meant.
 */

/** How a model is asked for, as far as models differ. */
export interface ModelTraits {
  /**
   * `max_tokens` for a request without one. Required here, optional elsewhere, so it must neither
   * cut an answer short nor exceed what the model allows, which is refused.
   */
  readonly outputTokensDefault: number
  /** Whether thinking is asked for by a budget, or by an effort and the model decides. */
  readonly thinking: 'budget' | 'adaptive'
  /** Whether thinking can be switched off. */
  readonly canDisableThinking: boolean
  /** Whether it takes `temperature`, `top_p` and `top_k`. */
  readonly takesSampling: boolean
  /** Whether it knows the effort `xhigh`. */
  readonly knowsXhigh: boolean
}

const budgetModel: ModelTraits = {
  outputTokensDefault: 32_000,
  thinking: 'budget',
  canDisableThinking: true,
  takesSampling: true,
  knowsXhigh: false,
}

const adaptiveModel: ModelTraits = {
  outputTokensDefault: 64_000,
  thinking: 'adaptive',
  canDisableThinking: true,
  takesSampling: false,
  knowsXhigh: true,
}

/** First match wins. Clouds put prefixes and suffixes around a name, and resellers write dots. */
const rules: readonly (readonly [RegExp, ModelTraits])[] = [
  // Other people's servers that speak this dialect; many allow no more than this.
  [/^(?!.*claude)/, { ...budgetModel, outputTokensDefault: 8_192 }],
  [/claude-3-7/, budgetModel],
  [/claude-3-5/, { ...budgetModel, outputTokensDefault: 8_192 }],
  [/claude-(?:instant|v?[123](?:-|:|$))/, { ...budgetModel, outputTokensDefault: 4_096 }],
  [/claude-(?:opus|sonnet|haiku)-4(?:-[015])?(?:-\d{8}|[@:]|-v\d|-latest|$)/, budgetModel],
  [/claude-(?:opus|sonnet)-4-6/, { ...adaptiveModel, takesSampling: true, knowsXhigh: false }],
  [/claude-(?:fable|(?:opus|sonnet)-5-5)/, { ...adaptiveModel, canDisableThinking: false }],
]

/** The traits of a model; a Claude that is not known yet is like the newest. */
export function modelTraits(model: string): ModelTraits {
  const name = model.toLowerCase().replaceAll('.', '-')
  return rules.find(([pattern]) => pattern.test(name))?.[1] ?? adaptiveModel
}
