/** Perplexity: `api.perplexity.ai`, which searches by itself and has no tools of the client's. */
import type { CompatibleKind } from './compatible.ts'
import { common, withoutNames, withoutReasoning } from './message-quirks.ts'
import { dropped, efforts, olderTokenLimit, refused, withoutUser } from './quirks.ts'

const known = { none: 'minimal', xhigh: 'high', max: 'high' }

/** It chats, and that is all. */
export const perplexity: CompatibleKind = {
  speaks: ['openai-chat'],
  claims: /^sonar(?:-|$)/,
  family: null,
  quirks: [
    ...common(),
    refused('tools', 'perplexity', 'Tools of the client are not called there.'),
    dropped('tool_choice', 'There are no tools to choose from.'),
    dropped('parallel_tool_calls', 'There are no tools to call.'),
    olderTokenLimit,
    withoutUser,
    withoutNames,
    withoutReasoning,
    efforts(known, 'Efforts go from `minimal` to `high`.'),
  ],
}
