/** Alibaba's Model Studio: the compatible mode of DashScope. */
import type { CompatibleKind } from './compatible.ts'
import { begunAnswer, common } from './message-quirks.ts'
import { olderTokenLimit, replaced } from './quirks.ts'

const thinking = replaced(
  'reasoning_effort',
  'Thinking is switched on or off with `enable_thinking`; it has no efforts.',
  (value) => ({ enable_thinking: value !== 'none' }),
)

/** Its Responses have another address. */
export const alibaba: CompatibleKind = {
  speaks: ['openai-chat'],
  claims: /^(?:qwen|qwq|qvq)[\d.]*-/,
  quirks: [...common(['cache_control']), olderTokenLimit, thinking, begunAnswer('partial')],
}
