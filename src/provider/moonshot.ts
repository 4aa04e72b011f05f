/** Moonshot: `api.moonshot.ai`. Kimi wants its thinking back while tools are called. */
import type { CompatibleKind } from './compatible.ts'
import { begunAnswer, common } from './message-quirks.ts'
import { olderTokenLimit, replaced } from './quirks.ts'

const known: Readonly<Record<string, string>> = { minimal: 'low', medium: 'high', xhigh: 'max' }

const effort = replaced(
  'reasoning_effort',
  'The effort `none` is `thinking` switched off; the others are `low`, `high` and `max`.',
  (value) =>
    value === 'none'
      ? { thinking: { type: 'disabled' } }
      : { reasoning_effort: known[String(value)] ?? value },
)

/** It chats, and keeps files. */
export const moonshot: CompatibleKind = {
  speaks: ['openai-chat'],
  claims: /^(?:kimi|moonshot)-/,
  quirks: [...common(), olderTokenLimit, effort, begunAnswer('partial')],
}
