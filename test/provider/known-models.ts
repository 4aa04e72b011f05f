/** Well-known model names, and the kind of provider that they are sent to without a prefix. */

/** By kind. */
export const knownModels: Readonly<Record<string, readonly string[]>> = {
  openai: [
    ...['gpt-5', 'gpt-5-mini', 'gpt-4.1', 'gpt-4o-mini', 'chatgpt-4o-latest', 'o1', 'o3-mini'],
    ...['o4-mini-deep-research', 'text-embedding-3-small', 'text-embedding-ada-002', 'dall-e-3'],
    ...['gpt-image-1', 'tts-1-hd', 'whisper-1', 'omni-moderation-latest', 'davinci-002', 'sora-2'],
    ...['ft:gpt-4o-mini-2024-07-18:acme::abc', 'codex-mini-latest', 'computer-use-preview'],
  ],
  anthropic: ['claude-sonnet-4-5', 'claude-opus-4-1-20250805', 'claude-3-5-haiku-latest'],
  gemini: ['gemini-2.5-flash', 'gemini-3-pro-preview', 'gemma-3-27b-it', 'models/gemini-2.0-flash'],
  bedrock: [
    'anthropic.claude-sonnet-4-5-20250929-v1:0',
    'us.amazon.nova-lite-v1:0',
    'mistral.mistral-large-2407-v1:0',
    'deepseek.r1-v1:0',
    'openai.gpt-oss-120b-1:0',
  ],
  cohere: ['command-a-03-2025', 'command-r-plus', 'c4ai-aya-expanse-32b', 'embed-v4.0'],
  mistral: [
    ...['mistral-large-latest', 'mistral-small-2603', 'codestral-latest', 'ministral-8b-latest'],
    ...['pixtral-large-latest', 'magistral-medium-latest', 'open-mistral-nemo', 'mistral-embed'],
    ...['open-mixtral-8x22b', 'devstral-medium-2507', 'voxtral-small-latest'],
  ],
  deepseek: ['deepseek-chat', 'deepseek-reasoner', 'deepseek-v4-flash'],
  xai: ['grok-4', 'grok-4-1-fast-non-reasoning', 'grok-3-mini', 'grok-code-fast-1'],
  fireworks: ['accounts/fireworks/models/llama-v3p3-70b-instruct', 'accounts/a-team/models/own'],
  perplexity: ['sonar', 'sonar-pro', 'sonar-reasoning-pro', 'sonar-deep-research'],
  alibaba: ['qwen-max', 'qwen3-max', 'qwen2.5-72b-instruct', 'qwq-plus', 'qvq-max', 'qwen-vl-plus'],
  moonshot: ['kimi-k2-0905-preview', 'kimi-k2-thinking', 'moonshot-v1-128k'],
  zai: ['glm-4.7', 'glm-4.5-air', 'cogview-4', 'codegeex-4'],
  writer: ['palmyra-x5', 'palmyra-x4', 'palmyra-med'],
  voyage: ['voyage-3.5', 'voyage-code-3', 'voyage-multimodal-3'],
  demo: ['demo', 'demo?tokens=5'],
}

/** Names that many hosts have, or that nobody has: nobody may claim them unasked. */
export const nobodysModels: readonly string[] = [
  ...['llama-3.3-70b-versatile', 'gpt-oss-120b', 'openai/gpt-oss-20b', 'qwen', 'sonarqube', 'grok'],
  ...['meta-llama/Llama-4-Scout', 'deepseek-ai/DeepSeek-R1', 'mixtral', 'llama3.2', 'kimi', ''],
  ...['Qwen/Qwen3-32B', 'zai-org/GLM-4.6', 'granite-4-h-small', 'compound', 'accounts/x', 'o12'],
]
