/** Fireworks: `api.fireworks.ai`, which refuses fields that it does not know. */
import type { CompatibleKind } from './compatible.ts'
import { common } from './message-quirks.ts'
import { efforts, olderTokenLimit } from './quirks.ts'

const known = { minimal: 'low', xhigh: 'high', max: 'high' }

/** Its models are called `accounts/fireworks/models/...`. */
export const fireworks: CompatibleKind = {
  speaks: ['openai-chat', 'openai-completions', 'openai-responses'],
  claims: /^accounts\/[\w-]+\/(?:models|deployments|deployedModels|routers)\//,
  quirks: [
    ...common(['prompt_cache_key', 'service_tier']),
    olderTokenLimit,
    efforts(known, 'Efforts beyond `low` and `high` are the nearest of those.'),
  ],
}
