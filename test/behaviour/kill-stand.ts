/**
 * A provider that is killed after as many events as it is told, and the official SDK of each
 * dialect reading what becomes of its answer.
 */
import Anthropic, { APIError as AnthropicError } from '@anthropic-ai/sdk'
import { ApiError as GoogleError, GoogleGenAI } from '@google/genai'
import OpenAI, { APIError as OpenAIError } from 'openai'
import type { App } from '../../src/app.ts'
import type { DialectName } from '../kit/dialect-answers.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import { turn } from '../kit/signal.ts'
import { startUpstream, type Upstream, type UpstreamScript } from '../kit/upstream.ts'
import { providerEnvironment, startAppWith } from './client-stand.ts'
import { pairEnvironment } from './dialect-stand.ts'
import { sseHead } from './provider-stand.ts'

/** How the provider is killed: FIN without the last chunk, RST, or a proper end too early. */
export const cuts = ['fin', 'rst', 'end'] as const
/** One of them. */
export type Cut = (typeof cuts)[number]

/** What an SDK read. */
export interface Reading {
  /** Of each chunk what is of the answer; chunks without anything of it are left out. */
  readonly chunks: readonly string[]
  /** What the SDK raised, or null. */
  readonly raised: unknown
}

interface Plan {
  readonly events: readonly Uint8Array[]
  readonly cut: Cut
  /** The kill waits a little, or comes right behind the data, which then may be lost. */
  readonly waits: boolean
}

/** A program in front of such a provider. */
export class KillStand {
  readonly #plans = new Map<string, Plan>()
  readonly #upstream: Upstream
  readonly #app: App
  readonly #openai: OpenAI
  readonly #anthropic: Anthropic
  readonly #google: GoogleGenAI
  #runs = 0

  private constructor(upstream: Upstream, app: App, plans: Map<string, Plan>) {
    this.#upstream = upstream
    this.#app = app
    this.#plans = plans
    const { origin } = app.url
    const settings = { apiKey: 'any', maxRetries: 0, timeout: 20_000 }
    this.#openai = new OpenAI({ ...settings, baseURL: `${origin}/v1` })
    this.#anthropic = new Anthropic({ ...settings, baseURL: origin })
    this.#google = new GoogleGenAI({ apiKey: 'any', httpOptions: { baseUrl: origin } })
  }

  /** Starts both. */
  static async start(): Promise<KillStand> {
    const plans = new Map<string, Plan>()
    const upstream = startUpstream(script(plans), { keepLog: false })
    const { app } = await startAppWith({
      ...providerEnvironment(upstream),
      ...pairEnvironment(upstream.url),
      RETRIES_MAX: '0',
    })
    return new KillStand(upstream, app, plans)
  }

  /** Requests that the provider saw. */
  get runs(): number {
    return this.#runs
  }

  /** What a client reads while the provider sends these events and is killed behind them. */
  async read(
    client: DialectName,
    provider: string,
    events: readonly Uint8Array[],
    cut: Cut,
  ): Promise<Reading> {
    this.#runs += 1
    const name = `run-${this.#runs}`
    this.#plans.set(name, { events, cut, waits: this.#runs % 2 === 0 })
    const chunks: string[] = []
    let raised: unknown = null
    try {
      for await (const chunk of await this.#stream(client, `${provider}/${name}`)) {
        const said = saidIn(chunk)
        if (said !== null) chunks.push(said)
      }
    } catch (thrown) {
      raised = thrown
    }
    this.#plans.delete(name)
    return { chunks, raised }
  }

  /** Stops both. Throws what is left. */
  async stop(): Promise<void> {
    try {
      await expectNothingLeft(this.#app, { busy: () => this.#upstream.busyConnections })
    } finally {
      await this.#app.stop(0)
      this.#upstream.stop()
    }
  }

  #stream(client: DialectName, model: string): PromiseLike<AsyncIterable<unknown>> {
    const messages = [{ role: 'user' as const, content: 'Hi' }]
    const stream = true as const
    switch (client) {
      case 'chat':
        return this.#openai.chat.completions.create({ model, messages, stream })
      case 'completions':
        return this.#openai.completions.create({ model, prompt: 'Hi', stream })
      case 'responses':
        return this.#openai.responses.create({ model, input: 'Hi', stream })
      case 'messages':
        return this.#anthropic.messages.create({ model, messages, max_tokens: 10, stream })
      case 'gemini':
        return this.#google.models.generateContentStream({ model, contents: 'Hi' })
    }
  }
}

/** Whether a dialect's SDK raised for an answer that said it failed, not for a broken one. */
export function isToldError(client: DialectName, raised: unknown): boolean {
  if (client === 'gemini') return raised instanceof GoogleError
  if (client === 'messages') {
    return raised instanceof AnthropicError && !(raised instanceof Anthropic.APIConnectionError)
  }
  return raised instanceof OpenAIError && !(raised instanceof OpenAI.APIConnectionError)
}

/** Finds the plan by the model's name, which is in the body or in the path. */
function script(plans: ReadonlyMap<string, Plan>): UpstreamScript {
  return async (request, connection) => {
    const name = /"model":"(run-\d+)"/.exec(await request.text())?.[1]
    const plan = plans.get(name ?? /run-\d+/.exec(request.path)?.[0] ?? '')
    if (plan === undefined) throw new Error(`no plan for ${request.path}`)
    const { events, cut, waits } = plan
    await connection.raw(Buffer.concat([Buffer.from(sseHead), ...events.map(chunkOf)]))
    if (cut === 'end') return connection.end()
    for (let turns = 0; waits && turns < 20; turns += 1) await turn()
    if (cut === 'fin') connection.close()
    else connection.reset()
  }
}

/** A chunk of bytes that may be anything. */
const chunkOf = (bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])

/** Fields that are another one in each request, or that count. */
const incidental = new Set([
  ...['id', 'item_id', 'call_id', 'created', 'created_at', 'completed_at', 'createTime'],
  ...['model', 'modelVersion', 'responseId', 'sequence_number', 'obfuscation'],
  ...['usage', 'usageMetadata', 'sdkHttpResponse', 'headers'],
])

/** What a chunk says of the answer, to compare it; null where that is nothing. */
function saidIn(chunk: unknown): string | null {
  const { choices, type } = chunk as { readonly choices?: unknown[]; readonly type?: string }
  const isCount = Array.isArray(choices) && choices.length === 0
  if (isCount || type === 'ping') return null
  return JSON.stringify(chunk, (key, value) => (incidental.has(key) ? undefined : value))
}
