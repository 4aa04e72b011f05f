/** The server of llama.cpp, on a machine of the operator's. */
import type { CompatibleKind } from './compatible.ts'
import { common } from './message-quirks.ts'
import { olderTokenLimit } from './quirks.ts'

/** Responses came late to it, and are translated, so that it may be of any age. */
export const llamacpp: CompatibleKind = {
  speaks: ['openai-chat', 'openai-completions'],
  root: '/v1',
  quirks: [...common(), olderTokenLimit],
}
