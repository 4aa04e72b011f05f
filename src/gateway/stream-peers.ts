/**
 * The processes of one machine that hold resumable streams. Each listens on a socket in a directory
 * that only this user can enter, named by the tag that stands in the ids of its streams; so a
 * client that comes back may reach any of them, also while the one with its stream drains.
 */
import { existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BufferPool } from '../buffer/lease.ts'
import type { StreamSettings } from '../config/config.ts'
import { onAbort } from '../core/abort.ts'
import type { Sweep } from '../core/clock.ts'
import { type ErrorCode, errorTable, GatewayError, toGatewayError } from '../core/errors.ts'
import type { Protocol } from '../protocol/protocol.ts'
import { Conduit } from '../relay/conduit.ts'
import { directStream } from '../relay/direct-stream.ts'
import type { ResumableStreams } from '../relay/resumables.ts'
import { answerFrom, type StreamPeers, type StreamRequest } from './resume.ts'

/** What they need. */
export interface PeerParts {
  readonly directory: string
  readonly streams: ResumableStreams
  readonly protocols: readonly Protocol[]
  readonly sweep: Sweep
  readonly pool: BufferPool
  readonly settings: Pick<StreamSettings, 'responseChunkBytes' | 'clientStallTimeoutMs'>
  /** Told where the socket cannot be had: then streams are resumed at their own process only. */
  readonly failed: (cause: unknown) => void
}

/** How long a process may take for the head of its answer. */
const ANSWER_MS = 5000

const tagPattern = /^[0-9a-z]+$/

/** What the processes say to each other, in headers that no client sees. */
const names = {
  key: 'x-sluice-key-id',
  cursor: 'x-sluice-cursor',
  code: 'x-sluice-code',
  dialect: 'x-sluice-dialect',
} as const

/** Those of one machine, this one among them. */
export class MachinePeers implements StreamPeers {
  readonly #parts: PeerParts
  #server: Bun.Server<undefined> | null = null
  #hasTried = false

  constructor(parts: PeerParts) {
    this.#parts = parts
  }

  /** Answers the others from now on. Never throws; a second call does nothing. */
  listen(): void {
    if (this.#hasTried) return
    this.#hasTried = true
    const { directory, streams, failed } = this.#parts
    try {
      makePrivate(directory)
      this.#server = Bun.serve({
        unix: socketIn(directory, streams.tag),
        development: false,
        fetch: (request: Request, server: Bun.Server<undefined>) => {
          server.timeout(request, 0)
          return this.#answer(request)
        },
        error: () => new Response(null, { status: 500 }),
      })
    } catch (cause) {
      failed(cause)
    }
  }

  /** Cuts whoever still reads here from elsewhere. A file stays, which says who was there. */
  async close(): Promise<void> {
    if (this.#server === null) return
    await this.#server.stop(true)
    const { directory, streams } = this.#parts
    try {
      writeFileSync(socketIn(directory, streams.tag), '')
    } catch {}
  }

  has(tag: string): boolean {
    return tagPattern.test(tag) && existsSync(socketIn(this.#parts.directory, tag))
  }

  async ask(tag: string, asked: StreamRequest, left: () => void): Promise<Response> {
    const response = await this.#fetch(tag, asked)
    const { headers, status, body } = response
    const code = headers.get(names.code)
    if (code !== null) throw new GatewayError(isCode(code) ? code : 'internal_error')
    const protocol = this.#parts.protocols.find(({ name }) => name === headers.get(names.dialect))
    const own = new Headers(
      [...headers].filter(([name]) => /^(?:content-type|cache|x-)/.test(name)),
    )
    own.delete(names.dialect)
    if (status !== 200 || body === null) return new Response(null, { status, headers: own })
    const { streams, sweep, pool, settings } = this.#parts
    const requestId = headers.get('x-request-id') ?? ''
    const lastWords = async (): Promise<string | null> => {
      if (protocol === undefined || (await this.#isThere(tag))) return null
      return protocol.watch().errorEvent(new GatewayError('stream_lost'), requestId)
    }
    const leave = streams.visit()
    const over = (): void => {
      leave()
      left()
    }
    const { signal } = asked
    const parts = { ...settings, sweep, pool, signal, lastWords, left: over }
    const conduit = new Conduit(body, parts)
    return new Response(directStream(conduit, settings.responseChunkBytes), {
      status,
      headers: own,
    })
  }

  #answer(request: Request): Response {
    const { streams } = this.#parts
    const { headers, signal, method } = request
    const id = new URL(request.url).pathname.slice(1)
    if (id === '') return new Response(null, { status: 204 })
    const keyId = headers.get(names.key)
    const cursor = Number(headers.get(names.cursor) ?? 0)
    const action = method === 'DELETE' ? 'end' : 'read'
    try {
      const stream = streams.find(id, keyId)
      const response = answerFrom(streams, { id, keyId, action, cursor, signal }, () => {})
      response.headers.set(names.dialect, stream?.protocol.name ?? '')
      return response
    } catch (thrown) {
      const { code } = toGatewayError(thrown)
      return new Response(null, { status: 500, headers: { [names.code]: code } })
    }
  }

  /** @throws GatewayError `stream_lost`, `overloaded` where it does not answer. */
  async #fetch(tag: string, asked: StreamRequest): Promise<Response> {
    const { directory, sweep } = this.#parts
    const { id, keyId, action, cursor, signal } = asked
    const abort = new AbortController()
    let isLate = false
    const forget = onAbort(signal, () => abort.abort())
    const callOff = sweep.after(ANSWER_MS, () => {
      isLate = true
      abort.abort()
    })
    const options = {
      unix: socketIn(directory, tag),
      method: action === 'end' ? 'DELETE' : 'GET',
      headers: {
        [names.cursor]: String(cursor),
        ...(keyId !== null && { [names.key]: keyId }),
      },
      signal: abort.signal,
      keepalive: false,
      decompress: false,
      timeout: false,
      proxy: false,
    }
    try {
      return await fetch(`http://streams/${id}`, options as unknown as RequestInit)
    } catch (cause) {
      if (signal.aborted) throw new GatewayError('client_gone', { cause })
      if (!isLate) throw new GatewayError('stream_lost', { cause })
      const message = 'The process that has the stream does not answer now; try again.'
      throw new GatewayError('overloaded', { message })
    } finally {
      forget()
      callOff()
    }
  }

  /** Whether the process still answers. */
  async #isThere(tag: string): Promise<boolean> {
    const id = ''
    const asked = { id, keyId: null, action: 'read', cursor: 0 } as const
    const { signal } = new AbortController()
    return this.#fetch(tag, { ...asked, signal }).then(
      () => true,
      (error) => toGatewayError(error).code === 'overloaded',
    )
  }
}

const socketIn = (directory: string, tag: string): string => join(directory, `${tag}.sock`)

const isCode = (text: string): text is ErrorCode => Object.hasOwn(errorTable, text)

/** Makes the directory. @throws Error where it is not this user's alone. */
function makePrivate(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const found = lstatSync(directory)
  const isOwn = process.getuid === undefined || found.uid === process.getuid()
  if (!found.isDirectory() || !isOwn || (found.mode & 0o077) !== 0) {
    throw new Error('The directory of the streams is open to others.')
  }
}
