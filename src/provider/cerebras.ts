/** Cerebras: `api.cerebras.ai`, which refuses fields that it does not know. */
import type { CompatibleKind } from './compatible.ts'
import { common, reasoningIsReasoning } from './message-quirks.ts'
import { efforts, withoutTopK } from './quirks.ts'

const known = { minimal: 'low', xhigh: 'high', max: 'high' }

/** It has no Responses. */
export const cerebras: CompatibleKind = {
  speaks: ['openai-chat', 'openai-completions'],
  quirks: [
    ...common(['service_tier']),
    withoutTopK,
    efforts(known, 'Efforts beyond `low` and `high` are the nearest of those.'),
    reasoningIsReasoning,
  ],
}
