/**
 * Everything that a request, an answer or the configuration can hold and nobody else may see, each
 * as a text of its own that occurs nowhere else, and a provider that says all of it again.
 */
import { sendJson } from '../kit/answers.ts'
import type { UpstreamConnection } from '../kit/upstream-connection.ts'
import type { UpstreamRequest } from '../kit/upstream-request.ts'

/** What is kept secret, by where it stands. Lower case, and the same percent-encoded. */
export const canaries = {
  prompt: 'canary-prompt-8c1f0a27d4',
  system: 'canary-system-19be73c05a',
  image: 'canary-image-f70c2e8841',
  toolName: 'canary_tool_5d2f9e7c13',
  toolDescription: 'canary-tool-description-6b8d01',
  askedArguments: 'canary-asked-arguments-a3f4e6',
  toolResult: 'canary-tool-result-2e7719bd',
  user: 'canary-user-dd41c7f0e2',
  metadata: 'canary-metadata-70a4b9e1',
  file: 'canary-file-4419cbd0ae',
  fileName: 'canary-file-name-b5c8',
  completion: 'canary-completion-e91d37b2',
  reasoning: 'canary-reasoning-0f6ac84d',
  answeredArguments: 'canary-answered-arguments-c7d',
  providerWords: 'canary-provider-words-8e2b5f',
  providerHeader: 'canary-provider-header-3c9',
  unknownModel: 'canary-unknown-model-1d7e',
  unknownPath: 'canary-unknown-path-92fa',
  query: 'canary-query-value-5be0c3',
  header: 'canary-header-value-77d1e0',
  userAgent: 'canary-user-agent-c0ffee11',
  cookie: 'canary-cookie-be93a7d2',
  tags: 'canary-tags-4f0d8a6c',
  baggage: 'canary-baggage-aa31f09c',
  lastEventId: 'canary-last-event-id-6d2e',
  clientKey: 'canary-client-key-09f3e8b7a1',
  wrongKey: 'canary-wrong-key-e8d72c4b',
  wrongToken: 'canary-wrong-token-51ac9f3e',
  providerKey: 'canary-provider-key-d3b7f1a9',
  otherProviderKey: 'canary-other-provider-key-2a',
  adminToken: 'canary-admin-token-f4c9d1e7b5a3',
  keySecret: 'canary-key-secret-0d9e8f7a6b5c4d3e',
  webhookSecret: 'canary-webhook-secret-7ed1',
  webhookPath: 'canary-webhook-path-b20f9c',
  collectorKey: 'canary-collector-key-c4d5e6f7',
} as const

/** One of them. */
export type CanaryName = keyof typeof canaries

/** Which of them a text holds, whole or without its beginning, which a mask may leave out. */
export function canariesIn(text: string): CanaryName[] {
  const lower = text.toLowerCase()
  return (Object.keys(canaries) as CanaryName[]).filter((name) => lower.includes(kernelOf(name)))
}

/** The end of a canary, behind its name: enough to tell it apart. */
function kernelOf(name: CanaryName): string {
  const canary = canaries[name]
  return name === 'toolName' ? canary.slice('canary_'.length) : canary.slice('canary-'.length)
}

/** Headers that clients send, with something in each that is nobody's business. */
export const tellingHeaders: Readonly<Record<string, string>> = {
  'user-agent': canaries.userAgent,
  cookie: `session=${canaries.cookie}`,
  referer: `https://app.test/?q=${canaries.query}`,
  baggage: `user=${canaries.baggage}`,
  'x-custom': canaries.header,
  'x-request-id': canaries.header,
  'x-forwarded-for': canaries.header,
  'x-sluice-tags': canaries.tags,
  'last-event-id': canaries.lastEventId,
}

/** A chat that says something in every field that a chat has. */
export const tellingChat = (model: string, more: object = {}) => ({
  model,
  ...more,
  user: canaries.user,
  metadata: { note: canaries.metadata },
  tools: [
    {
      type: 'function',
      function: {
        name: canaries.toolName,
        description: canaries.toolDescription,
        parameters: { type: 'object', properties: { text: { type: 'string' } } },
      },
    },
  ],
  messages: [
    { role: 'system', content: canaries.system },
    {
      role: 'user',
      content: [
        { type: 'text', text: canaries.prompt },
        { type: 'image_url', image_url: { url: `https://images.test/${canaries.image}` } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        {
          id: 'call_1',
          type: 'function',
          function: { name: canaries.toolName, arguments: `{"text":"${canaries.askedArguments}"}` },
        },
      ],
    },
    { role: 'tool', tool_call_id: 'call_1', content: canaries.toolResult },
  ],
})

const told = { 'x-told': canaries.providerHeader, 'x-request-id': canaries.providerHeader }
const inStream = { 'content-type': 'text/event-stream', ...told }

function chunk(delta: object, finish: string | null = null): string {
  return eventOf({ choices: [{ index: 0, delta, finish_reason: finish }] })
}

function eventOf(rest: object): string {
  const base = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm' }
  return `data: ${JSON.stringify({ ...base, ...rest })}\n\n`
}

const called = {
  index: 0,
  id: 'call_2',
  type: 'function',
  function: { name: canaries.toolName, arguments: `{"text":"${canaries.answeredArguments}"}` },
}
const content = [
  chunk({ role: 'assistant', reasoning_content: canaries.reasoning }),
  chunk({ content: canaries.completion }),
  chunk({ tool_calls: [called] }),
]
const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 }
const rest = [eventOf({ choices: [], usage }), 'data: [DONE]\n\n']
const ending = [chunk({}, 'tool_calls'), ...rest]

/** What a provider says of a failure, with the key and the prompt that it was given. */
const complaint = (key: string) => ({
  error: {
    message: `${canaries.providerWords} ${canaries.prompt} ${key}`,
    type: canaries.providerWords,
    code: canaries.providerWords,
    param: canaries.providerWords,
  },
})

/** Each way to answer, by the word in the model's name. */
const behaviours: Readonly<
  Record<string, (key: string, connection: UpstreamConnection, isStream: boolean) => Promise<void>>
> = {
  async success(_, connection, isStream) {
    if (isStream) return await stream(connection, [...content, ...ending])
    const text = { role: 'assistant', content: canaries.completion, tool_calls: [called] }
    const choices = [{ index: 0, message: text, finish_reason: 'tool_calls' }]
    const answer = { id: 'x', object: 'chat.completion', created: 1, model: 'm', choices, usage }
    await sendJson(connection, 200, answer, told)
  },
  refused: (key, connection) => sendJson(connection, 401, complaint(key), told),
  invalid: (key, connection) => sendJson(connection, 400, complaint(key), told),
  limited: (key, connection) => sendJson(connection, 429, complaint(key), told),
  broken: (key, connection) => sendJson(connection, 500, complaint(key), told),
  async page(key, connection) {
    await connection.head(502, { 'content-type': 'text/html', ...told })
    await connection.chunk(`<h1>${canaries.providerWords} ${key}</h1>`)
    await connection.end()
  },
  async event(key, connection) {
    const event = `event: error\ndata: ${JSON.stringify(complaint(key))}\n\n`
    await stream(connection, [...content, event])
  },
  // A stream that breaks off, one that is no JSON, one that goes on for ever, and silence.
  async cut(_, connection) {
    await connection.head(200, inStream)
    for (const event of content) await connection.chunk(event)
    connection.reset()
  },
  // Text alone, so that another provider can go on with it.
  half: (_, connection) =>
    stream(connection, [
      chunk({ role: 'assistant', content: canaries.completion }),
      chunk({ content: canaries.reasoning }),
    ]),
  plain: (_, connection) =>
    stream(connection, [chunk({ content: canaries.completion }), chunk({}, 'stop'), ...rest]),
  garbled: (_, connection) =>
    stream(connection, [...content, `data: {"${canaries.completion}\n\n`, ...ending]),
  async endless(_, connection) {
    await connection.head(200, inStream)
    for (const event of content) await connection.chunk(event)
    await connection.closed
  },
  async silent(_, connection) {
    await connection.closed
  },
}

/** The words of all behaviours. */
export const behaviourNames = Object.keys(behaviours)

async function stream(connection: UpstreamConnection, events: readonly string[]): Promise<void> {
  await connection.head(200, inStream)
  for (const event of events) await connection.chunk(event)
  await connection.end()
}

/** The provider. */
export async function answerTelling(
  request: UpstreamRequest,
  connection: UpstreamConnection,
): Promise<void> {
  const asked = await request.text()
  const key = request.header('authorization') ?? ''
  const name = /"model":"([a-z]+)"/.exec(asked)?.[1] ?? 'success'
  const isStream = asked.includes('"stream":true')
  await (behaviours[name] ?? behaviours.success)?.(key, connection, isStream)
}
