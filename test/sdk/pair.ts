/**
 * The official SDK twice: straight to a scripted upstream, and through the executable before the
 * same upstream. What the SDK makes of the answers must be the same, and so must what it sends.
 */
import { expect } from 'bun:test'
import OpenAI from 'openai'
import { replay, type Splits } from '../kit/answers.ts'
import type { ProgramEnvironment } from '../kit/program.ts'
import { ProgramStand, startProgramParts } from '../kit/program-stand.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import type { UpstreamRequest } from '../kit/upstream-request.ts'

/** What the operator gave the program, and the direct client uses too. */
export const operatorKey = 'sk-operator-0123456789'

/** What the client behind the program sends. It must never reach the upstream. */
export const clientKey = 'sk-client-0123456789'

/** Asks once; `named` puts the provider before a model where the program needs it. */
export type Ask<Result> = (client: OpenAI, named: (model: string) => string) => Promise<Result>

/** The upstream, the executable, and a client of each. */
export class Pair extends ProgramStand {
  /** Straight to the upstream. */
  readonly direct = this.client(`${this.upstream.url}/v1`, operatorKey)
  /** Through the executable. */
  readonly through = this.client(`${this.program.url}/v1`, clientKey)

  /** Starts both; `settings` come on top of the operator's key and the address. */
  static async start(settings: ProgramEnvironment = {}): Promise<Pair> {
    return new Pair(await startProgramParts({ OPENAI_API_KEY: operatorKey, ...settings }))
  }

  /** A client that does not repeat what failed, unless it is told to. */
  client(baseURL: string, apiKey: string, maxRetries = 0): OpenAI {
    return new OpenAI({ baseURL, apiKey, maxRetries, timeout: 15_000 })
  }

  /** What the upstream answers from now on, once it has the whole of a request. */
  override answer(script: UpstreamScript): void {
    super.answer(async (request, connection) => {
      await request.bytes()
      await script(request, connection)
    })
  }

  /** Answers with a stream of events from now on. */
  answerStream(bytes: Uint8Array, splits: Splits = 'whole'): void {
    this.answer(replay(bytes, splits))
  }

  /**
   * Asks directly, then through the program, and expects the same result and the same requests
   * at the upstream. Gives the result, for a look at whether it is what was meant.
   */
  async same<Result>(ask: Ask<Result>): Promise<Result> {
    const before = this.upstream.requests.length
    const expected = await ask(this.direct, (model) => model)
    const middle = this.upstream.requests.length
    const result = await ask(this.through, (model) => `openai/${model}`)
    expect(result).toEqual(expected)
    const sent = this.upstream.requests.slice(before, middle)
    const passed = this.upstream.requests.slice(middle)
    expect(sent.length).toBeGreaterThan(0)
    expect(await Promise.all(passed.map(seen))).toEqual(await Promise.all(sent.map(seen)))
    for (const request of passed) expectNoTrace(request)
    return result
  }
}

/** A request as far as it has to be the same; boundaries of multipart bodies are random. */
async function seen(request: UpstreamRequest) {
  const contentType = request.header('content-type')
  const boundary = /boundary="?([^";]+)"?/.exec(contentType ?? '')?.[1]
  const neutral = (text: string): string =>
    boundary === undefined ? text : text.replaceAll(boundary, '(boundary)')
  // Latin-1 keeps every byte as one character.
  const body = Buffer.from(await request.bytes()).toString('latin1')
  return {
    method: request.method,
    path: request.path,
    contentType: contentType === null ? null : neutral(contentType),
    accept: request.header('accept'),
    authorization: request.header('authorization'),
    bytes: request.bodyBytes,
    sha256: new Bun.CryptoHasher('sha256').update(neutral(body)).digest('hex'),
    // What a failure shows; the digest above decides.
    body: neutral(body).slice(0, 2000),
  }
}

/** Nothing that says who the client is: not its key, not its machine. */
function expectNoTrace(request: UpstreamRequest): void {
  const all = request.headers.map(([name, value]) => `${name.toLowerCase()}: ${value}`)
  expect(all.filter((line) => line.includes(clientKey) || line.startsWith('x-stainless'))).toEqual(
    [],
  )
  expect(request.header('authorization')).toBe(`Bearer ${operatorKey}`)
}

/** All events of a stream. */
export function eventsOf<Event>(stream: AsyncIterable<Event>): Promise<Event[]> {
  return Array.fromAsync(stream)
}
