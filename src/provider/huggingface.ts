/** Hugging Face's router: `router.huggingface.co`. Models are named by owner and repository. */
import type { CompatibleKind } from './compatible.ts'
import { common } from './message-quirks.ts'
import { olderTokenLimit } from './quirks.ts'

/** What is behind it differs by model; the older limit is the one that all of it knows. */
export const huggingface: CompatibleKind = {
  speaks: ['openai-chat', 'openai-responses'],
  quirks: [...common(), olderTokenLimit],
}
