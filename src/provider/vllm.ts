/** vLLM, on a server of the operator's. It takes more than OpenAI does, `top_k` included. */
import type { CompatibleKind } from './compatible.ts'
import { common } from './message-quirks.ts'

/** It speaks the whole family, with whichever model it was started for. */
export const vllm: CompatibleKind = {
  speaks: ['openai-chat', 'openai-completions', 'openai-responses'],
  root: '/v1',
  quirks: common(),
}
