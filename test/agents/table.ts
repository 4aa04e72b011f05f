/** Who talks to whom: a dialect joins by one row. */
import { protocols } from '../../src/protocol/registry.ts'
import { providerKinds } from '../../src/provider/registry.ts'
import { messagesAgent } from './clients/anthropic-messages.ts'
import type { Agent } from './clients/client.ts'
import { geminiAgent } from './clients/gemini.ts'
import { chatAgent } from './clients/openai-chat.ts'
import { responsesAgent } from './clients/openai-responses.ts'
import { anthropicMessages } from './providers/anthropic-messages.ts'
import { bedrockConverse } from './providers/bedrock-converse.ts'
import { cohereChat } from './providers/cohere-chat.ts'
import { gemini } from './providers/gemini.ts'
import { ollamaChat } from './providers/ollama-chat.ts'
import { moonshot, openaiChat, openrouter } from './providers/openai-chat.ts'
import { openaiResponses } from './providers/openai-responses.ts'
import type { ScriptedProvider } from './providers/provider.ts'

/** Every dialect that clients speak, by its official SDK. */
export const agents: readonly Agent[] = [chatAgent, responsesAgent, messagesAgent, geminiAgent]

/** Every dialect that providers speak; chat completions with three opinions about thinking. */
export const providers: readonly ScriptedProvider[] = [
  openaiChat,
  openrouter,
  moonshot,
  openaiResponses,
  anthropicMessages,
  gemini,
  bedrockConverse,
  cohereChat,
  ollamaChat,
]

/** Why the two do not meet; null where they do. */
export function reasonAgainst(agent: Agent, provider: ScriptedProvider): string | null {
  const speaksOpenAI = agent.dialect.startsWith('openai-')
  if (!providerKinds.includes(provider.kind)) return `there is no kind ${provider.kind} yet`
  if (Object.values(protocols).find(({ name }) => name === agent.dialect)?.translation === null) {
    return `${agent.dialect} is not translated yet`
  }
  if (provider.dialect === 'openai-responses' && agent.dialect !== 'openai-responses') {
    return 'OpenAI is asked for chats by clients of other dialects'
  }
  if (provider.dialect === 'openai-chat' && agent.dialect === 'openai-responses') {
    return provider.name === 'moonshot' ? null : 'it answers responses itself'
  }
  if (provider.dialect === 'ollama-chat' && speaksOpenAI) {
    return "it takes this client's own bytes at its OpenAI endpoint"
  }
  return null
}
