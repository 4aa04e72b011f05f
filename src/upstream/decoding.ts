/**
 * Bodies that come compressed though `identity` was asked for. The runtime would decode them as
 * well, but nobody could tell how much came for how much: a few kilobytes can be gigabytes.
 */
import { GatewayError } from '../core/errors.ts'
import type { BodyRead, BodyReader } from '../provider/call.ts'

/** What proxies between here and a provider have been seen to use; nothing else is decoded. */
const formats: Readonly<Record<string, 'gzip' | 'deflate'>> = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
}

/** Text of this kind is a tenth when it is compressed, seldom a fiftieth. */
const RATIO_MAX = 100

/** So much may come at any ratio: a short answer may well be nothing but repetition. */
const FREE_BYTES = 1024 * 1024

/** The decoder is fed so little at a time that what one piece becomes is bounded, too. */
const PIECE_BYTES = 1024

/**
 * The reader of a response's body.
 * @throws GatewayError `upstream_bad_response` for an encoding that is not understood.
 */
export function bodyReader(body: ReadableStream<Uint8Array>, encoding: string | null): BodyReader {
  const name = encoding?.trim().toLowerCase() ?? ''
  if (name === '' || name === 'identity') return body.getReader() as BodyReader
  const format = Object.hasOwn(formats, name) ? formats[name] : undefined
  if (format === undefined) throw new GatewayError('upstream_bad_response')
  return new DecodedBody(body, format)
}

/** A compressed body, decoded as it is read. */
class DecodedBody implements BodyReader {
  readonly #source: BodyReader
  readonly #sink: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>
  readonly #decoded: ReadableStreamDefaultReader<Uint8Array>
  #encodedBytes = 0
  #decodedBytes = 0
  /** What the connection failed with, which comes before what the decoder makes of it. */
  #failure: unknown = null

  constructor(body: ReadableStream<Uint8Array>, format: 'gzip' | 'deflate') {
    const decoder = new DecompressionStream(format)
    this.#source = body.getReader() as BodyReader
    this.#sink = decoder.writable.getWriter()
    this.#decoded = decoder.readable.getReader()
    void this.#feed()
  }

  /** @throws GatewayError `upstream_protocol_error` for a bomb, or what cannot be decoded. */
  async read(): Promise<BodyRead> {
    const read = await this.#decoded.read().catch((thrown: unknown) => {
      throw this.#failure ?? new GatewayError('upstream_protocol_error', { cause: thrown })
    })
    // A failure never looks like an end.
    if (read.done && this.#failure !== null) throw this.#failure
    if (read.done) return { done: true }
    this.#decodedBytes += read.value.length
    const allowedBytes = Math.max(FREE_BYTES, this.#encodedBytes * RATIO_MAX)
    if (this.#decodedBytes > allowedBytes) {
      const failure = new GatewayError('upstream_protocol_error')
      void this.cancel(failure)
      throw failure
    }
    return read
  }

  async cancel(reason?: unknown): Promise<void> {
    // Whichever of the three has ended already refuses, and that is as good.
    await Promise.allSettled([
      this.#source.cancel(reason),
      this.#decoded.cancel(reason),
      this.#sink.abort(reason),
    ])
  }

  async #feed(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#next()
        if (done || value === undefined) break
        for (let start = 0; start < value.length; start += PIECE_BYTES) {
          const piece = value.slice(start, start + PIECE_BYTES)
          this.#encodedBytes += piece.length
          await this.#sink.ready
          await this.#sink.write(piece)
        }
      }
      await this.#sink.close()
    } catch (thrown) {
      // The decoder's other side then fails as well, and that is where it is told.
      await Promise.allSettled([this.#source.cancel(thrown), this.#sink.abort(thrown)])
    }
  }

  async #next(): Promise<BodyRead> {
    try {
      return await this.#source.read()
    } catch (thrown) {
      this.#failure ??= thrown
      throw thrown
    }
  }
}
