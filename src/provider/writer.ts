/** Writer: `api.writer.com`, which chats at `/chat`. */
import type { CompatibleKind } from './compatible.ts'
import { common, withoutReasoning } from './message-quirks.ts'
import { dropped, olderTokenLimit, withoutTopK, withoutUser } from './quirks.ts'

/** It has legacy completions and no Responses. */
export const writer: CompatibleKind = {
  speaks: ['openai-chat', 'openai-completions'],
  claims: /^palmyra-/,
  chatPath: '/chat',
  family: null,
  quirks: [
    ...common(),
    olderTokenLimit,
    withoutTopK,
    withoutUser,
    withoutReasoning,
    dropped('reasoning_effort', 'Its models do not reason in the open.'),
    dropped('seed', 'Answers cannot be had a second time.'),
  ],
}
