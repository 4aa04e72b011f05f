/**
 * AWS's binary event stream (`application/vnd.amazon.eventstream`). Both checksums of a message
 * are checked by the codec; the cutting into messages is done here, because it needs their length
 * only.
 */
import { EventStreamCodec } from '@smithy/eventstream-codec'
import { GatewayError, toGatewayError } from '../core/errors.ts'
import type { Deframer, Frame } from './frame.ts'

/** Prelude, its checksum, and the checksum at the end: a message cannot be shorter. */
const MESSAGE_BYTES_MIN = 16

const decoder = new TextDecoder()
const encoder = new TextEncoder()

const codec = new EventStreamCodec(
  (bytes) => decoder.decode(bytes as Uint8Array),
  (text) => encoder.encode(text),
)

/** Cuts a body into messages; the name of a frame is `:event-type`, or `exception:<type>`. */
export class AwsEventStream implements Deframer {
  readonly #bytesMax: number
  /** Pieces of a message whose end has not come; joined once, when it has. */
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  /** Bytes that make the next step possible: a length, or the message that has it. */
  #neededBytes = 4
  /** What is wrong behind the last good message: thrown once that message has been read. */
  #failure: GatewayError | null = null

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  push(chunk: Uint8Array): readonly Frame[] {
    if (this.#failure !== null) throw this.#failure
    if (this.#waitingBytes + chunk.length < this.#neededBytes) {
      this.#keep(chunk)
      return []
    }
    const bytes = this.#waitingBytes === 0 ? chunk : Buffer.concat([...this.#waiting, chunk])
    this.#waiting = []
    this.#waitingBytes = 0
    this.#neededBytes = 4
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const frames: Frame[] = []
    let start = 0
    try {
      while (bytes.length - start >= 4) {
        const length = view.getUint32(start)
        if (length < MESSAGE_BYTES_MIN || length > this.#bytesMax + MESSAGE_BYTES_MIN) {
          throw broken()
        }
        if (bytes.length - start < length) {
          this.#neededBytes = length
          break
        }
        frames.push(decodeMessage(bytes.subarray(start, start + length)))
        start += length
      }
    } catch (thrown) {
      this.#failure = toGatewayError(thrown)
      if (frames.length === 0) throw this.#failure
      return frames
    }
    this.#keep(bytes.subarray(start))
    return frames
  }

  end(): readonly Frame[] {
    if (this.#failure !== null) throw this.#failure
    if (this.#waitingBytes > 0) throw new GatewayError('upstream_truncated')
    return []
  }

  /** Copies, since what the runtime read into is its own. */
  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#waiting.push(bytes.slice())
    this.#waitingBytes += bytes.length
  }
}

function decodeMessage(bytes: Uint8Array): Frame {
  try {
    const { headers, body } = codec.decode(bytes)
    const text = (name: string): string | null => {
      const header = headers[name]
      return header?.type === 'string' ? header.value : null
    }
    const data = decoder.decode(body)
    switch (text(':message-type')) {
      case 'exception':
        return { event: `exception:${text(':exception-type') ?? ''}`, data }
      case 'error': {
        const message = text(':error-message') ?? ''
        return {
          event: `exception:${text(':error-code') ?? ''}`,
          data: JSON.stringify({ message }),
        }
      }
      default:
        return { event: text(':event-type'), data }
    }
  } catch (cause) {
    throw broken(cause)
  }
}

const broken = (cause?: unknown): GatewayError =>
  new GatewayError('upstream_protocol_error', { cause })
