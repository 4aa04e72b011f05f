/** The dialects, by name. `opaque` is a body that is passed along without being understood. */
export const protocolNames = [
  'openai-chat',
  'openai-completions',
  'openai-responses',
  'anthropic-messages',
  'gemini',
  'bedrock-converse',
  'bedrock-invoke',
  'cohere-chat',
  'ollama-chat',
  'opaque',
] as const

/** One of the dialects. */
export type ProtocolName = (typeof protocolNames)[number]
