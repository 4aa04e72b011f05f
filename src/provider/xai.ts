/** xAI: `api.x.ai`. */
import type { CompatibleKind } from './compatible.ts'
import { common } from './message-quirks.ts'
import { efforts, withoutTopK } from './quirks.ts'

const known = { minimal: 'low', xhigh: 'high', max: 'high' }

/** Its legacy completions serve no model of today. */
export const xai: CompatibleKind = {
  speaks: ['openai-chat', 'openai-responses'],
  claims: /^grok-/,
  quirks: [
    ...common(['service_tier']),
    withoutTopK,
    efforts(known, 'Efforts beyond `low` and `high` are the nearest of those.'),
  ],
}
