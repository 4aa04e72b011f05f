/** Groq: `api.groq.com`. Its models are everybody's, so it claims none. */
import type { CompatibleKind } from './compatible.ts'
import { common, reasoningIsReasoning, withoutNames } from './message-quirks.ts'
import { efforts, withoutTopK } from './quirks.ts'

const known = { minimal: 'low', xhigh: 'high', max: 'high' }

/** It answers chats and Responses, and refuses what it does not know. */
export const groq: CompatibleKind = {
  speaks: ['openai-chat', 'openai-responses'],
  quirks: [
    ...common(['service_tier']),
    withoutTopK,
    efforts(known, 'Efforts beyond `low` and `high` are the nearest of those.'),
    withoutNames,
    reasoningIsReasoning,
  ],
}
