/** LM Studio, on a machine of the operator's. */
import type { CompatibleKind } from './compatible.ts'
import { common } from './message-quirks.ts'
import { olderTokenLimit } from './quirks.ts'

/** It speaks the whole family, with whichever model is loaded. */
export const lmstudio: CompatibleKind = {
  speaks: ['openai-chat', 'openai-completions', 'openai-responses'],
  root: '/v1',
  quirks: [...common(), olderTokenLimit],
}
