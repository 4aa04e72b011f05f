/**
 * AWS's binary event stream (`application/vnd.amazon.eventstream`): a length, the length of the
 * headers, a checksum of both, headers, a body, and a checksum of all before it.
 *
 * AWS's own codec reads the same, and the tests compare with what it writes; it takes most of the
 * time of a translated event, because it makes each checksum and each header in JavaScript.
 */
import { GatewayError, toGatewayError } from '../core/errors.ts'
import type { Deframer, Frame } from './frame.ts'

/** Prelude, its checksum, and the checksum at the end: a message cannot be shorter. */
const MESSAGE_BYTES_MIN = 16

const decoder = new TextDecoder()
/** Both lengths and their checksum. */
const PRELUDE_BYTES = 12
const CHECKSUM_BYTES = 4

/** Types of a header's value whose length is written in front of it. */
const TYPE_BYTES = 6
const TYPE_TEXT = 7

/** Lengths of the other values, by type: true, false, byte, short, int, long, time, UUID. */
const fixedValueBytes: Readonly<Partial<Record<number, number>>> = {
  ...{ 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 },
}

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
  /** The headers of the last message, which most messages of a stream repeat to the byte. */
  #headerBytes = Buffer.alloc(0)
  #headers: Headers = { kind: '', name: null, message: '' }

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
        frames.push(this.#decode(bytes.subarray(start, start + length)))
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

  #decode(bytes: Uint8Array): Frame {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const end = bytes.length - CHECKSUM_BYTES
    const bodyStart = PRELUDE_BYTES + view.getUint32(4)
    const isWhole =
      view.getUint32(8) === Bun.hash.crc32(bytes.subarray(0, 8)) &&
      view.getUint32(end) === Bun.hash.crc32(bytes.subarray(0, end))
    if (!isWhole || bodyStart > end) throw broken()
    const headerBytes = bytes.subarray(PRELUDE_BYTES, bodyStart)
    if (!this.#headerBytes.equals(headerBytes)) {
      this.#headers = readHeaders(bytes, view, bodyStart)
      this.#headerBytes = Buffer.from(headerBytes)
    }
    const { kind, name, message } = this.#headers
    if (kind === 'error') return { event: name, data: JSON.stringify({ message }) }
    return { event: name, data: decoder.decode(bytes.subarray(bodyStart, end)) }
  }

  /** Copies, since what the runtime read into is its own. */
  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#waiting.push(bytes.slice())
    this.#waitingBytes += bytes.length
  }
}

/** What the headers of a message come to. */
interface Headers {
  /** `event`, `exception` or `error`. */
  readonly kind: string
  /** The name of the frame. */
  readonly name: string | null
  /** What went wrong, where the kind is `error`. */
  readonly message: string
}

function readHeaders(bytes: Uint8Array, view: DataView, end: number): Headers {
  const texts = readTexts(bytes, view, end)
  const text = (name: string): string => texts.get(name) ?? ''
  const kind = text(':message-type')
  if (kind === 'exception') {
    return { kind, name: `exception:${text(':exception-type')}`, message: '' }
  }
  if (kind === 'error') {
    return { kind, name: `exception:${text(':error-code')}`, message: text(':error-message') }
  }
  return { kind, name: texts.get(':event-type') ?? null, message: '' }
}

/** The headers that are text: a name, a type, and a value whose length the type tells. */
function readTexts(bytes: Uint8Array, view: DataView, end: number): Map<string, string> {
  const texts = new Map<string, string>()
  let at = PRELUDE_BYTES
  while (at < end) {
    const nameEnd = at + 1 + view.getUint8(at)
    // The checksum behind the headers is longer than what is read here before it is compared.
    if (nameEnd >= end) throw broken()
    const type = view.getUint8(nameEnd)
    const fixedBytes = fixedValueBytes[type]
    if (fixedBytes === undefined) {
      if (type !== TYPE_BYTES && type !== TYPE_TEXT) throw broken()
      const valueStart = nameEnd + 3
      const valueEnd = valueStart + view.getUint16(nameEnd + 1)
      if (valueEnd > end) throw broken()
      if (type === TYPE_TEXT) {
        const name = decoder.decode(bytes.subarray(at + 1, nameEnd))
        texts.set(name, decoder.decode(bytes.subarray(valueStart, valueEnd)))
      }
      at = valueEnd
    } else {
      at = nameEnd + 1 + fixedBytes
    }
  }
  if (at !== end) throw broken()
  return texts
}

const broken = (cause?: unknown): GatewayError =>
  new GatewayError('upstream_protocol_error', { cause })
