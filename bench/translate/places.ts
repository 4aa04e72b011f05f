/** Where the program finds each dialect at a provider, when the bench is all of them. */

/** Where the program finds a dialect at a provider. */
export interface Place {
  readonly model: string
  /** What the provider is asked for, with its query. */
  readonly path: string
  environment(upstreamUrl: string): Readonly<Record<string, string>>
}

/** A provider that has nothing but chat: of OpenAI a client of Responses is passed through. */
const moonshot: Place = {
  model: 'moonshot/kimi-bench',
  path: '/v1/chat/completions',
  environment: (url) => ({ MOONSHOT_API_KEY: 'sk-bench', MOONSHOT_BASE_URL: `${url}/v1` }),
}
const openai: Place = {
  model: 'openai/gpt-bench',
  path: '/v1/responses',
  // Its key and address are the proxy's own.
  environment: () => ({ OPENAI_DIALECT: 'responses' }),
}
const anthropicPlace: Place = {
  model: 'anthropic/claude-bench',
  path: '/v1/messages',
  environment: (url) => ({ ANTHROPIC_API_KEY: 'sk-bench', ANTHROPIC_BASE_URL: `${url}/v1` }),
}
const geminiPlace: Place = {
  model: 'gemini/gemini-bench',
  path: '/v1beta/models/gemini-bench:streamGenerateContent?alt=sse',
  environment: (url) => ({ GEMINI_API_KEY: 'bench', GEMINI_BASE_URL: `${url}/v1beta` }),
}
const bedrock = (operation: string, dialect: string): Place => ({
  model: 'bedrock/anthropic.bench',
  path: `/model/anthropic.bench/${operation}`,
  environment: (url) => ({
    ...{ AWS_REGION: 'us-east-1', AWS_BEARER_TOKEN_BEDROCK: 'bench' },
    ...{ BEDROCK_BASE_URL: url, BEDROCK_DIALECT: dialect },
  }),
})
const coherePlace: Place = {
  model: 'cohere/command-bench',
  path: '/v2/chat',
  environment: (url) => ({ COHERE_API_KEY: 'bench', COHERE_BASE_URL: url }),
}
const ollamaPlace: Place = {
  model: 'ollama/bench',
  path: '/api/chat',
  environment: (url) => ({ OLLAMA_BASE_URL: url }),
}

/** All of them, by the dialect. */
export const places = {
  chat: moonshot,
  responses: openai,
  anthropic: anthropicPlace,
  gemini: geminiPlace,
  converse: bedrock('converse-stream', 'converse'),
  invoke: bedrock('invoke-with-response-stream', 'invoke'),
  cohere: coherePlace,
  ollama: ollamaPlace,
} as const

/** What a provider of each framing says that it sends. */
export const contentTypes = {
  sse: 'text/event-stream',
  ndjson: 'application/x-ndjson',
  'aws-event-stream': 'application/vnd.amazon.eventstream',
} as const
