/** What the tests of the providers share: settings, dialects that are only names, a real server. */
import type { DemoSettings, ProviderSettings } from '../../src/config/config.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { ProtocolName } from '../../src/protocol/names.ts'
import type { Protocol } from '../../src/protocol/protocol.ts'
import type { Protocols } from '../../src/provider/protocols.ts'
import type { Provider } from '../../src/provider/provider.ts'
import { buildProviders } from '../../src/provider/registry.ts'

const dialect = (name: ProtocolName): Protocol => ({
  name,
  framing: 'sse',
  hasEndMarker: false,
  dropsInvalid: false,
  heartbeat: '',
  watch: unused,
  readAnswer: unused,
  readError: unused,
  writeError: unused,
  translation: null,
})

const unused = (): never => {
  throw new Error('The tests of the providers only tell dialects apart.')
}

/** Dialects to tell apart. */
export const protocols: Protocols = {
  chat: dialect('openai-chat'),
  completions: dialect('openai-completions'),
  responses: dialect('openai-responses'),
  messages: dialect('anthropic-messages'),
  gemini: dialect('gemini'),
  opaque: dialect('opaque'),
}

/** Settings of one provider. */
export const settingsOf = (
  name: string,
  rest: Partial<ProviderSettings> = {},
): ProviderSettings => ({
  name,
  kind: name === 'openai' || name === 'demo' ? name : 'openai-compatible',
  baseUrl: name === 'demo' ? '' : `https://${name}.example/v1`,
  apiKey: null,
  models: [],
  ...rest,
})

/** Short and fast, unless a test says otherwise. */
export const demoSettings: DemoSettings = { tokens: 12, tokensPerSecond: 0 }

/** Providers by name. */
export const build = (...settings: ProviderSettings[]): ReadonlyMap<string, Provider> =>
  buildProviders(settings, demoSettings, protocols)

/** One provider by name. */
export function buildOne(name: string, rest: Partial<ProviderSettings> = {}): Provider {
  const provider = build(settingsOf(name, rest)).get(name)
  if (provider === undefined) throw new Error(`No provider ${name}.`)
  return provider
}

/** The demo provider, asked directly. */
export async function ask(
  path: string,
  body: object | null,
  signal: AbortSignal = new AbortController().signal,
): Promise<Response> {
  const provider = buildOne('demo')
  if (provider.answer === undefined) throw new Error('The demo provider answers by itself.')
  const bytes = body === null ? null : new TextEncoder().encode(JSON.stringify(body))
  const method = body === null ? 'GET' : 'POST'
  return provider.answer({ method, path, search: '', headers: new Headers(), signal }, bytes)
}

/** A chat request to `model`. */
export const chat = (model: string, rest: object = {}): object => ({
  model,
  messages: [{ role: 'user', content: 'Where does the water go?' }],
  ...rest,
})

/** The code of the `GatewayError` that `run` throws, or null where it throws none. */
export function codeOf(run: () => unknown): string | null {
  try {
    run()
    return null
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown.code
    throw thrown
  }
}

/** The demo provider behind a real server, under `/v1`. */
export function mountDemo(): { readonly url: string; pending(): number; stop(): Promise<void> } {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const provider = buildOne('demo')
      const { pathname, search } = new URL(request.url)
      const body = new Uint8Array(await request.arrayBuffer())
      const call = {
        method: request.method,
        path: pathname.replace(/^\/v1/, ''),
        search,
        headers: request.headers,
        signal: request.signal,
      }
      return (await provider.answer?.(call, body)) ?? new Response(null, { status: 500 })
    },
  })
  return {
    url: `${server.url.origin}/v1`,
    pending: () => server.pendingRequests,
    stop: () => server.stop(true),
  }
}
