/** OpenAI: `api.openai.com`, or what `OPENAI_BASE_URL` puts in its place. */
import type { CompatibleKind } from './compatible.ts'
import { withoutCacheMarkers, withoutCallExtras, withoutReasoning } from './message-quirks.ts'
import { efforts, type Quirk, withoutTopK } from './quirks.ts'

/** What OpenAI refuses though the dialect is its own, wherever its models run. */
export const openaiQuirks: readonly Quirk[] = [
  withoutTopK,
  withoutCacheMarkers,
  withoutCallExtras,
  withoutReasoning,
  efforts({ max: 'xhigh' }, 'The highest effort is `xhigh`.'),
]

/** The names OpenAI gives its models; a fine-tuned one carries `ft:` in front. */
const ownModels = new RegExp(
  `^(?:ft:)?(?:${[
    // `gpt-oss` is open: everybody serves it but OpenAI.
    'gpt-(?!oss)',
    'chatgpt-',
    'o[134](?:-|:|$)',
    'text-embedding-(?:3-|ada-)',
    'text-moderation-',
    'omni-moderation-',
    'dall-e-',
    'gpt-image-',
    'tts-',
    'whisper-',
    'davinci-',
    'babbage-',
    'sora-',
    'codex-',
    'computer-use-',
  ].join('|')})`,
)

/** It speaks everything; it is the family. */
export const openai: CompatibleKind = {
  speaks: ['openai-chat', 'openai-completions', 'openai-responses'],
  claims: ownModels,
  quirks: openaiQuirks,
}
