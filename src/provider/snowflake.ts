/**
 * Snowflake Cortex, in an account of the operator's: `https://{account}.snowflakecomputing.com`.
 * The key is a programmatic access token. Claude is served there with its signatures and its
 * prompt cache, so neither is taken away.
 */
import type { CompatibleKind } from './compatible.ts'
import { common } from './message-quirks.ts'
import { replaced } from './quirks.ts'

const effort = replaced(
  'reasoning_effort',
  "For models that are not OpenAI's, it stands in `reasoning`.",
  (value, { model }) =>
    /^(?:openai-|gpt-|o\d)/.test(String(model))
      ? { reasoning_effort: value }
      : { reasoning: { effort: value } },
)

/** It chats; its other API is Anthropic's. */
export const snowflake: CompatibleKind = {
  speaks: ['openai-chat'],
  root: '/api/v2/cortex/v1',
  family: null,
  quirks: [...common(['cache_control', 'messages.reasoning_details']), effort],
}
