/** Z.ai: `api.z.ai`, formerly Zhipu. */
import type { CompatibleKind } from './compatible.ts'
import { common } from './message-quirks.ts'
import { olderTokenLimit, renamed, replaced } from './quirks.ts'

const thinking = replaced(
  'reasoning_effort',
  'Thinking is switched on or off with `thinking`; it has no efforts.',
  (value) => ({ thinking: { type: value === 'none' ? 'disabled' : 'enabled' } }),
)

/** It chats; other dialects have addresses of their own. */
export const zai: CompatibleKind = {
  speaks: ['openai-chat'],
  claims: /^(?:glm|cogview|cogvideox|codegeex)-/,
  quirks: [...common(), olderTokenLimit, renamed('user', 'user_id'), thinking],
}
