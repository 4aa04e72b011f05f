/**
 * OpenRouter: `openrouter.ai`. It understands cache markers and signed reasoning, and passes on to
 * each of its own providers what that one knows.
 */
import type { CompatibleKind } from './compatible.ts'
import { customToolsAreFunctions } from './custom-tools.ts'
import { withoutCallExtras } from './message-quirks.ts'

/** It speaks the whole family. */
export const openrouter: CompatibleKind = {
  speaks: ['openai-chat', 'openai-completions', 'openai-responses'],
  quirks: [customToolsAreFunctions, withoutCallExtras],
}
