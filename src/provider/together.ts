/** Together: `api.together.xyz`. */
import type { CompatibleKind } from './compatible.ts'
import { common } from './message-quirks.ts'
import { olderTokenLimit } from './quirks.ts'

/** It has no Responses. */
export const together: CompatibleKind = {
  speaks: ['openai-chat', 'openai-completions'],
  quirks: [...common(), olderTokenLimit],
}
