/** DeepSeek: `api.deepseek.com`. It wants the thinking of a turn back until its tools are done. */
import type { CompatibleKind } from './compatible.ts'
import { common } from './message-quirks.ts'
import { olderTokenLimit, replaced } from './quirks.ts'

const effort = replaced(
  'reasoning_effort',
  'The effort `none` is `thinking` switched off; beyond `high` there is `max`.',
  (value) => {
    if (value === 'none') return { thinking: { type: 'disabled' } }
    if (value === 'minimal') return { reasoning_effort: 'low' }
    return { reasoning_effort: value === 'xhigh' ? 'max' : value }
  },
)

/** Legacy completions have an address of their own there (`/beta`). */
export const deepseek: CompatibleKind = {
  speaks: ['openai-chat', 'openai-responses'],
  // `deepseek-ai/...` is the owner of a repository, which many hosts serve.
  claims: /^deepseek-[^/]+$/,
  quirks: [...common(), olderTokenLimit, effort],
}
