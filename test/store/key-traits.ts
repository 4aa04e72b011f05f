/** Keys for tests. */
import type { KeyTraits } from '../../src/config/client-key.ts'

/** A key that may do everything for ever. */
export const traitsNamed = (name: string): KeyTraits => ({
  name,
  owner: null,
  tags: [],
  scopes: { models: null, routes: null, providers: null },
  priority: 'normal',
  limits: { requestsPerMinute: null, tokensPerMinute: null, concurrentStreams: null },
  budget: { dailyUsd: null, monthlyUsd: null },
  expiresAt: null,
})
