/** A real server around `readIntent`, which forwards what it read to a second real server. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EndpointName, IntakeSettings, StreamSettings } from '../../src/config/config.ts'
import { onAbort } from '../../src/core/abort.ts'
import { Sweep } from '../../src/core/clock.ts'
import { GatewayError, toGatewayError } from '../../src/core/errors.ts'
import { type IntakeContext, readIntent } from '../../src/intake/read.ts'
import { openSpool, type Spool } from '../../src/intake/spool.ts'
import type { Protocol } from '../../src/protocol/protocol.ts'
import type { Call, RequestStreamMetrics } from '../../src/provider/call.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'

/** What came of one request. */
export interface Outcome {
  readonly code?: string
  readonly param?: string
  readonly message?: string
  readonly model?: string | null
  readonly stream?: boolean
  readonly kept?: 'none' | 'memory' | 'spool' | 'straight'
  /** What the second server got. */
  readonly sha256?: string
  readonly bytes?: number
  /** The body itself, where it is small. */
  readonly latin1?: string
  readonly metrics?: RequestStreamMetrics | null
}

/** How the second server behaves. */
export interface ReceiverOptions {
  /** Waits before it reads the body. */
  readonly stallMs?: number
  /** Where another process has one, in place of our own. */
  readonly url?: string
}

/** Small limits, so that small bodies reach them. */
export const settings: Omit<IntakeSettings, 'spoolDirectory'> = {
  requestBytesMax: 400_000,
  memoryBytesMax: 100_000,
  spoolBytesMax: 600_000,
  jsonDepthMax: 128,
  bodyIdleTimeoutMs: 5000,
}

/** The settings of a stream, of which intake reads one. */
export const streamSettings: StreamSettings = {
  requestChunkBytes: 32_768,
  responseChunkBytes: 32_768,
  heartbeatIntervalMs: 0,
  headersTimeoutMs: 0,
  firstTokenTimeoutMs: 0,
  idleTimeoutMs: 0,
  totalTimeoutMs: 0,
  clientStallTimeoutMs: 0,
  eventBytesMax: 1 << 20,
  bufferedBytesMax: 1 << 20,
  flushIntervalMs: 0,
  holdMs: 0,
  holdBytes: 0,
}

/** Intake behind a port: `/{endpoint}?provider=&rename=&read=` and an outcome for an answer. */
export class Edge {
  readonly spool: Spool
  readonly sweep = new Sweep(10)
  readonly directory: string
  /** In the order in which they ended, also of clients that left. */
  readonly outcomes: Outcome[] = []
  readonly #context: Omit<IntakeContext, 'signal'>
  readonly #server: Bun.Server<undefined>
  readonly #receiver: Bun.Server<undefined> | null
  readonly #receiverUrl: string
  #underway = 0

  constructor(changes: Partial<IntakeSettings> = {}, receiver: ReceiverOptions = {}) {
    this.directory = changes.spoolDirectory ?? mkdtempSync(join(tmpdir(), 'intake-'))
    const all = { ...settings, spoolDirectory: this.directory, ...changes }
    this.spool = openSpool(all, 0)
    const { sweep, spool } = this
    this.#context = { settings: all, stream: streamSettings, sweep, spool }
    this.#receiver = receiver.url === undefined ? startReceiver(receiver) : null
    this.#receiverUrl = receiver.url ?? this.#receiver?.url.href ?? ''
    this.#server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      idleTimeout: 0,
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: (request) => this.#answer(request),
    })
  }

  get url(): string {
    return this.#server.url.href
  }

  /** Files in the spool directory, ours or not. */
  get files(): readonly string[] {
    return readdirSync(this.directory)
  }

  /** The last assertion of a test. */
  async close(): Promise<void> {
    await expectNothingLeft(null, {
      requests: () => this.#underway,
      waiting: () => this.sweep.size,
      files: () => this.spool.filesOpen,
      bytes: () => this.spool.bytesInUse,
      names: () => this.files.length,
    })
    await this.#server.stop(true)
    await this.#receiver?.stop(true)
    this.spool.close()
    rmSync(this.directory, { recursive: true })
  }

  /** Sends a request with the runtime's own client. */
  async post(path: string, init: RequestInit): Promise<{ status: number; outcome: Outcome }> {
    const response = await fetch(this.url + path, { method: 'POST', ...init })
    return { status: response.status, outcome: (await response.json()) as Outcome }
  }

  async #answer(request: Request): Promise<Response> {
    this.#underway += 1
    const abort = new AbortController()
    const forget = onAbort(request.signal, () => abort.abort(new GatewayError('client_gone')))
    try {
      const outcome = await this.#forward(request, abort.signal)
      this.outcomes.push(outcome)
      return Response.json(outcome)
    } catch (thrown) {
      const error = toGatewayError(thrown)
      const { code, message, detail } = error
      const outcome = { code, message, ...(detail.param ? { param: detail.param } : {}) }
      this.outcomes.push(outcome)
      return Response.json(outcome, { status: code === 'client_gone' ? 400 : error.status })
    } finally {
      forget()
      this.#underway -= 1
    }
  }

  async #forward(request: Request, signal: AbortSignal): Promise<Outcome> {
    const { pathname, searchParams } = new URL(request.url)
    const call: Call = {
      endpoint: pathname.slice(1) as EndpointName,
      path: '/',
      search: '',
      provider: searchParams.get('provider'),
      // Intake does not speak to the client.
      protocol: {} as Protocol,
    }
    const intent = await readIntent(request, call, { ...this.#context, signal })
    const { body, model, stream } = intent
    if (body === null) return { model, stream, kept: 'none' }
    try {
      const kept = body.bytes ? 'memory' : body.replayable ? 'spool' : 'straight'
      const found = { model, stream, kept } as const
      if (searchParams.has('unread')) return found
      const sent = body.open(searchParams.get('rename'))
      const answer = await fetch(this.#receiverUrl, { method: 'POST', body: sent, signal })
      const received = (await answer.json()) as Outcome
      return { ...found, ...received, metrics: body.metrics() }
    } finally {
      body.release()
      body.release()
    }
  }
}

/** The second server: it answers with the hash of what it got. */
export function startReceiver(options: ReceiverOptions = {}): Bun.Server<undefined> {
  return Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    async fetch(request) {
      if (options.stallMs) await Bun.sleep(options.stallMs)
      const hash = new Bun.CryptoHasher('sha256')
      const kept: Uint8Array[] = []
      let bytes = 0
      try {
        for await (const chunk of request.body ?? []) {
          hash.update(chunk)
          bytes += chunk.length
          if (bytes < 1_000_000) kept.push(chunk)
        }
      } catch {
        return new Response(null, { status: 400 })
      }
      const small = bytes < 1_000_000 ? { latin1: Buffer.concat(kept).toString('latin1') } : {}
      return Response.json({ sha256: hash.digest('hex'), bytes, ...small })
    },
  })
}

/** The SHA-256 of bytes or text, in hexadecimal. */
export function sha256(data: string | Uint8Array): string {
  return new Bun.CryptoHasher('sha256').update(data).digest('hex')
}
