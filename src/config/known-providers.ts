/**
 * The providers that the environment can enable, under the names that their own SDKs use. What
 * they speak and how they are called is in `provider/`, one file each, under the same name.
 */

/** A setting of one provider beyond its key and address. */
export interface ProviderOption {
  /** Its name in `ProviderSettings.options`. */
  readonly option: string
  readonly variable: string
  readonly meaning: string
  readonly secret?: boolean
}

/** How one provider is enabled. */
export interface KnownProvider {
  /** The part before the slash in `provider/model`, and the name of its file in `provider/`. */
  readonly name: string
  /** Variables of its key; the first that is set counts. Setting one enables the provider. */
  readonly keys: readonly string[]
  /** Setting it enables the provider as well, with or without a key. */
  readonly addressVariable: string
  /** Empty where there is no address that would be right for everybody. */
  readonly address: string
  readonly options?: readonly ProviderOption[]
}

const known = (
  name: string,
  prefix: string,
  address: string,
  options: readonly ProviderOption[] = [],
): KnownProvider => ({
  name,
  keys: [`${prefix}_API_KEY`],
  addressVariable: `${prefix}_BASE_URL`,
  address,
  options,
})

const option = (
  name: string,
  variable: string,
  meaning: string,
  secret = false,
): ProviderOption => ({ option: name, variable, meaning, secret })

/** All of them; the order decides between two that claim one bare model name. */
export const knownProviders: readonly KnownProvider[] = [
  known('openai', 'OPENAI', 'https://api.openai.com/v1', [
    option(
      'dialect',
      'OPENAI_DIALECT',
      'What clients of other dialects are translated to: chat (default) or responses.',
    ),
  ]),
  {
    ...known('azure', 'AZURE_OPENAI', ''),
    addressVariable: 'AZURE_OPENAI_ENDPOINT',
    options: [
      option(
        'apiVersion',
        'AZURE_OPENAI_API_VERSION',
        'API version of deployments; empty calls the versionless API.',
      ),
    ],
  },
  known('anthropic', 'ANTHROPIC', 'https://api.anthropic.com/v1'),
  {
    ...known('gemini', 'GEMINI', 'https://generativelanguage.googleapis.com/v1beta'),
    keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  },
  {
    ...known('vertex', 'VERTEX', ''),
    options: [
      option('project', 'VERTEX_PROJECT', 'Google Cloud project of the provider vertex.'),
      option('location', 'VERTEX_LOCATION', 'Its location, such as us-central1 or global.'),
      option('accessToken', 'VERTEX_ACCESS_TOKEN', 'An OAuth token, in place of a file.', true),
      option(
        'credentialsFile',
        'GOOGLE_APPLICATION_CREDENTIALS',
        'File with the key of a service account.',
      ),
    ],
  },
  {
    ...known('bedrock', 'BEDROCK', ''),
    keys: ['AWS_BEARER_TOKEN_BEDROCK'],
    options: [
      option('region', 'AWS_REGION', 'Region of the provider bedrock; enables it with keys.'),
      option('accessKeyId', 'AWS_ACCESS_KEY_ID', 'Access key for signing.'),
      option('secretAccessKey', 'AWS_SECRET_ACCESS_KEY', 'Secret key for signing.', true),
      option('sessionToken', 'AWS_SESSION_TOKEN', 'Token of temporary keys.', true),
      option(
        'dialect',
        'BEDROCK_DIALECT',
        'How Claude is called there: converse (default) or invoke.',
      ),
    ],
  },
  {
    ...known('cohere', 'COHERE', 'https://api.cohere.com'),
    keys: ['COHERE_API_KEY', 'CO_API_KEY'],
  },
  known('mistral', 'MISTRAL', 'https://api.mistral.ai/v1'),
  known('groq', 'GROQ', 'https://api.groq.com/openai/v1'),
  known('deepseek', 'DEEPSEEK', 'https://api.deepseek.com/v1'),
  known('xai', 'XAI', 'https://api.x.ai/v1'),
  known('openrouter', 'OPENROUTER', 'https://openrouter.ai/api/v1'),
  known('together', 'TOGETHER', 'https://api.together.xyz/v1'),
  known('fireworks', 'FIREWORKS', 'https://api.fireworks.ai/inference/v1'),
  known('cerebras', 'CEREBRAS', 'https://api.cerebras.ai/v1'),
  known('perplexity', 'PERPLEXITY', 'https://api.perplexity.ai'),
  {
    ...known('huggingface', 'HUGGINGFACE', 'https://router.huggingface.co/v1'),
    keys: ['HF_TOKEN', 'HUGGINGFACE_API_KEY'],
  },
  {
    ...known('alibaba', 'DASHSCOPE', 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1'),
    keys: ['DASHSCOPE_API_KEY', 'ALIBABA_API_KEY'],
  },
  known('moonshot', 'MOONSHOT', 'https://api.moonshot.ai/v1'),
  {
    ...known('zai', 'ZAI', 'https://api.z.ai/api/paas/v4'),
    keys: ['ZAI_API_KEY', 'ZHIPU_API_KEY'],
  },
  known('writer', 'WRITER', 'https://api.writer.com/v1'),
  {
    ...known('watsonx', 'WATSONX', ''),
    options: [
      option('projectId', 'WATSONX_PROJECT_ID', 'Project of the provider watsonx.'),
      option('spaceId', 'WATSONX_SPACE_ID', 'Its deployment space, in place of a project.'),
      option(
        'iamAddress',
        'WATSONX_IAM_URL',
        'Where its key is exchanged for a token; empty is IBM Cloud.',
      ),
    ],
  },
  known('snowflake', 'SNOWFLAKE', ''),
  known('voyage', 'VOYAGE', 'https://api.voyageai.com/v1'),
  known('ollama', 'OLLAMA', ''),
  known('vllm', 'VLLM', ''),
  known('lmstudio', 'LMSTUDIO', ''),
  known('llamacpp', 'LLAMACPP', ''),
]
