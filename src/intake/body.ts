/** The three ways in which a request body waits for the provider: memory, file, still arriving. */
import { GatewayError } from '../core/errors.ts'
import type { RequestBody, RequestStreamMetrics } from '../provider/call.ts'
import type { Inspector, ModelSpan } from './inspector.ts'
import type { BodySource } from './source.ts'
import type { SpoolFile } from './spool.ts'
import { type RequestStream, streamRequestToUpstream } from './stream.ts'

/** A body that is in memory as a whole. */
export class MemoryBody implements RequestBody {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly lengthBytes: number
  readonly replayable = true
  readonly #span: ModelSpan | null

  constructor(bytes: Uint8Array<ArrayBuffer>, span: ModelSpan | null) {
    this.bytes = bytes
    this.lengthBytes = bytes.length
    this.#span = span
  }

  open(renamedTo: string | null): Uint8Array<ArrayBuffer> {
    if (renamedTo === null) return this.bytes
    return join(splice(this.bytes, this.#span, renamedTo))
  }

  async collect(renamedTo: string | null): Promise<Uint8Array<ArrayBuffer>> {
    return this.open(renamedTo)
  }

  metrics(): null {
    return null
  }

  release(): void {}
}

/** A body that is in a spool file as a whole. */
export class SpooledBody implements RequestBody {
  readonly bytes = null
  readonly lengthBytes: number
  readonly replayable = true
  readonly #file: SpoolFile
  readonly #span: ModelSpan | null
  readonly #chunkBytes: number
  #stream: RequestStream | null = null

  constructor(file: SpoolFile, span: ModelSpan | null, chunkBytes: number) {
    this.#file = file
    this.lengthBytes = file.sizeBytes
    this.#span = span
    this.#chunkBytes = chunkBytes
  }

  open(renamedTo: string | null): ReadableStream<Uint8Array> {
    const pieces = this.#pieces(renamedTo)
    const source = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const { done, value } = await pieces.next()
          if (done) controller.close()
          else controller.enqueue(value)
        },
        cancel: async () => {
          await pieces.return(undefined)
        },
      },
      { highWaterMark: 0 },
    )
    this.#stream = forFetch(source, this.#chunkBytes)
    return this.#stream.body
  }

  async collect(renamedTo: string | null): Promise<Uint8Array<ArrayBuffer>> {
    return join(await Array.fromAsync(this.#pieces(renamedTo)))
  }

  metrics(): RequestStreamMetrics | null {
    return this.#stream?.metrics() ?? null
  }

  release(): void {
    this.#file.release()
  }

  async *#pieces(renamedTo: string | null): AsyncGenerator<Uint8Array, undefined> {
    if (renamedTo === null) {
      yield* this.#range(0, this.lengthBytes)
      return
    }
    const span = existing(this.#span)
    yield* this.#range(0, span.start)
    yield span.write(renamedTo)
    yield* this.#range(span.end, this.lengthBytes)
  }

  async *#range(start: number, end: number): AsyncGenerator<Uint8Array, undefined> {
    for (let at = start; at < end; ) {
      const bytes = await this.#file.read(at, Math.min(this.#chunkBytes, end - at))
      at += bytes.length
      yield bytes
    }
  }
}

/** A body of which only the beginning is here. It can be sent once. */
export class StreamedBody implements RequestBody {
  readonly bytes = null
  readonly lengthBytes: number | null
  readonly replayable = false
  readonly #source: BodySource
  readonly #inspector: Inspector
  readonly #chunkBytes: number
  /** What was read while the model was looked for; null once the body was opened. */
  #head: Uint8Array<ArrayBuffer> | null
  #stream: RequestStream | null = null

  /** @param lengthBytes what the client declared, or null. */
  constructor(
    head: Uint8Array<ArrayBuffer>,
    source: BodySource,
    inspector: Inspector,
    options: { readonly lengthBytes: number | null; readonly chunkBytes: number },
  ) {
    this.#head = head
    this.#source = source
    this.#inspector = inspector
    this.lengthBytes = options.lengthBytes
    this.#chunkBytes = options.chunkBytes
  }

  open(renamedTo: string | null): ReadableStream<Uint8Array> {
    this.#stream = forFetch(this.#once(renamedTo), this.#chunkBytes)
    return this.#stream.body
  }

  collect(renamedTo: string | null): Promise<Uint8Array<ArrayBuffer>> {
    return new Response(this.#once(renamedTo)).bytes()
  }

  metrics(): RequestStreamMetrics | null {
    return this.#stream?.metrics() ?? null
  }

  release(): void {
    this.#head = null
    this.#source.cancel(new GatewayError('client_gone'))
  }

  /** The head and what follows it. Throws `spool_failed` the second time. */
  #once(renamedTo: string | null): ReadableStream<Uint8Array> {
    const head = this.#head
    if (head === null) {
      const message = 'The request body was streamed and cannot be sent again.'
      throw new GatewayError('spool_failed', { message })
    }
    const first = renamedTo === null ? [head] : splice(head, this.#inspector.span, renamedTo)
    this.#head = null
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const bytes = first.shift() ?? (await this.#read())
          if (bytes === null) controller.close()
          else controller.enqueue(bytes)
        },
        cancel: () => this.release(),
      },
      { highWaterMark: 0 },
    )
  }

  /** The next bytes. A second model behind the first still ends the request. */
  async #read(): Promise<Uint8Array | null> {
    const bytes = await this.#source.read()
    try {
      if (bytes === null) this.#inspector.finish()
      else this.#inspector.feed(bytes)
    } catch (thrown) {
      this.release()
      throw thrown
    }
    return bytes
  }
}

function forFetch(source: ReadableStream<Uint8Array>, chunkBytes: number): RequestStream {
  return streamRequestToUpstream(source, { chunkBytes, freesChunks: true })
}

/** The chunks as one array: the chunk itself where there is only one. */
export function join(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const [first] = chunks
  if (chunks.length === 1 && first?.buffer instanceof ArrayBuffer) {
    return new Uint8Array(first.buffer, first.byteOffset, first.length)
  }
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    joined.set(chunk, at)
    at += chunk.length
  }
  return joined
}

function splice(bytes: Uint8Array, span: ModelSpan | null, name: string): Uint8Array[] {
  const { start, end, write } = existing(span)
  return [bytes.subarray(0, start), write(name), bytes.subarray(end)]
}

function existing(span: ModelSpan | null): ModelSpan {
  if (span !== null) return span
  // Only a plan that renames what has no name gets here.
  throw new GatewayError('internal_error')
}
