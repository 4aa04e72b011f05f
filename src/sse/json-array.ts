/**
 * Cuts one JSON array that arrives in pieces into its elements: how Gemini streams to those who do
 * not ask for server-sent events. The text of an element is cut out and not parsed, so that this
 * needs to know strings and brackets only.
 */
import { GatewayError } from '../core/errors.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c

const decoder = new TextDecoder()

/** The deframer of one body. A body that is a single value and no array is its own one element. */
export class JsonArrayDeframer {
  readonly #bytesMax: number
  /** What came of the element that is being read, in the first `#waitingBytes` of a buffer. */
  #waiting: Uint8Array = new Uint8Array(0)
  #waitingBytes = 0
  /** Brackets open, the outermost included. */
  #depth = 0
  #inString = false
  #escaped = false
  #state: 'before' | 'inside' | 'bare' | 'after' = 'before'

  /** @param bytesMax what one element may take, at most; the bound of what is held back. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /**
   * The texts of the elements that are complete with `chunk`.
   * @throws GatewayError `upstream_protocol_error` for an element above the limit, or brackets that
   *   do not match an array.
   */
  push(chunk: Uint8Array): string[] {
    const elements: string[] = []
    let start = 0
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index] as number
      if (this.#inString) {
        this.#readInString(byte)
        continue
      }
      switch (byte) {
        case QUOTE:
          this.#open()
          this.#inString = true
          break
        case 0x5b: // [
          if (this.#state === 'before') {
            this.#state = 'inside'
            start = index + 1
          }
          this.#open()
          this.#depth += 1
          break
        case 0x7b: // {
          this.#open()
          this.#depth += 1
          break
        case 0x5d: // ]
        case 0x7d: // }
          this.#depth -= 1
          if (this.#depth === 0 && this.#state === 'inside') {
            if (byte !== 0x5d) throw broken()
            this.#take(chunk.subarray(start, index), elements)
            this.#state = 'after'
            start = index + 1
          }
          if (this.#depth < 0) throw broken()
          break
        case COMMA:
          if (this.#state === 'before') throw broken()
          if (this.#depth === 1 && this.#state === 'inside') {
            this.#take(chunk.subarray(start, index), elements)
            start = index + 1
          }
          break
        default:
          if (byte > 0x20) this.#open()
          else if (this.#waitingBytes === 0 && start === index) start = index + 1
      }
      // What is complete leaves with its own closing bracket, not with the comma behind it.
      if (byte === 0x7d && this.#depth === 1 && this.#state === 'inside') {
        this.#take(chunk.subarray(start, index + 1), elements)
        start = index + 1
      }
    }
    this.#keep(chunk.subarray(start))
    return elements
  }

  /**
   * The body ended: the element that a body without an array is.
   * @throws GatewayError `upstream_truncated` where the array is not closed.
   */
  end(): string[] {
    if (this.#depth > 0 || this.#inString) throw new GatewayError('upstream_truncated')
    const elements: string[] = []
    if (this.#state === 'bare') this.#take(new Uint8Array(0), elements)
    return elements
  }

  /** A value begins: outside of an array it is the whole body, behind one it is too much. */
  #open(): void {
    if (this.#state === 'before') this.#state = 'bare'
    else if (this.#state === 'after') throw broken()
  }

  #readInString(byte: number): void {
    if (this.#escaped) this.#escaped = false
    else if (byte === BACKSLASH) this.#escaped = true
    else if (byte === QUOTE) this.#inString = false
  }

  #take(last: Uint8Array, elements: string[]): void {
    let bytes = last
    if (this.#waitingBytes > 0) {
      this.#append(last)
      bytes = this.#waiting.subarray(0, this.#waitingBytes)
      this.#waitingBytes = 0
    } else if (last.length > this.#bytesMax) {
      throw tooLarge()
    }
    const text = decoder.decode(bytes).trim()
    if (text !== '') elements.push(text)
  }

  #keep(rest: Uint8Array): void {
    if (rest.length === 0 || this.#state === 'after' || this.#state === 'before') return
    this.#append(rest)
  }

  /** Copies, since what the runtime read into is its own; twice what is needed, so that is rare. */
  #append(bytes: Uint8Array): void {
    const needed = this.#waitingBytes + bytes.length
    if (needed > this.#bytesMax) throw tooLarge()
    if (needed > this.#waiting.length) {
      const larger = new Uint8Array(needed * 2)
      larger.set(this.#waiting.subarray(0, this.#waitingBytes))
      this.#waiting = larger
    }
    this.#waiting.set(bytes, this.#waitingBytes)
    this.#waitingBytes = needed
  }
}

const broken = (): GatewayError => new GatewayError('upstream_protocol_error')

const tooLarge = (): GatewayError =>
  new GatewayError('upstream_protocol_error', { message: 'An event of the provider is too large.' })
