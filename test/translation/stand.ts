/** One server on a real socket that answers everything with the body it was last given. */
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import { stopServer } from '../kit/stop-server.ts'

/** A body, and its media type. */
export interface Body {
  readonly bytes: Uint8Array | string
  readonly type: string
}

/** A stream of server-sent events. */
export const eventStream = (bytes: Uint8Array | string): Body => ({
  bytes,
  type: 'text/event-stream; charset=utf-8',
})

/** An answer that is not streamed. */
export const json = (value: unknown): Body => ({
  bytes: JSON.stringify(value),
  type: 'application/json',
})

/** Clients of one server, whose paths are those of every provider. */
export class Clients {
  readonly origin: string
  readonly openai: OpenAI
  readonly anthropic: Anthropic
  readonly google: GoogleGenAI
  /** The model to ask for; null where any name will do. */
  readonly model: string | null

  constructor(origin: string, model: string | null = null) {
    this.origin = origin
    this.model = model
    const settings = { apiKey: 'any', maxRetries: 0, timeout: 20_000 }
    this.openai = new OpenAI({ ...settings, baseURL: `${origin}/v1` })
    this.anthropic = new Anthropic({ ...settings, baseURL: origin })
    const httpOptions = { baseUrl: origin, timeout: 20_000 }
    this.google = new GoogleGenAI({ apiKey: 'any', httpOptions })
  }
}

/** The server, with the SDKs in front of it. */
export class Stand {
  #body: Body = json({})
  readonly #server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      await request.arrayBuffer()
      const { bytes, type } = this.#body
      return new Response(Buffer.from(bytes), { headers: { 'content-type': type } })
    },
  })
  readonly clients = new Clients(this.#server.url.origin)

  /** Answers with this from now on. */
  serve(body: Body): Clients {
    this.#body = body
    return this.clients
  }

  /** Ends the server; throws where a request is left. */
  stop(): Promise<void> {
    return stopServer(this.#server)
  }
}
