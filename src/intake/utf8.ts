/** Strict UTF-8 over chunks, without making a string of it. */
import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../core/errors.ts'

/**
 * Refuses what is not UTF-8. The runtime's own decoding would replace wrong bytes silently, and
 * the provider would then read something else than what was judged here.
 */
export class Utf8Check {
  /** The bytes of a character that the last chunk cut. */
  #cut = new Uint8Array(0)

  /** Reads on. Throws `invalid_encoding`. */
  feed(chunk: Uint8Array): void {
    let rest = chunk
    if (this.#cut.length > 0) {
      const missing = sequenceBytes(this.#cut[0] ?? 0) - this.#cut.length
      this.#cut = Buffer.concat([this.#cut, chunk.subarray(0, missing)])
      if (chunk.length < missing) return
      judge(this.#cut)
      rest = chunk.subarray(missing)
    }
    const whole = rest.length - cutBytes(rest)
    judge(rest.subarray(0, whole))
    this.#cut = rest.slice(whole)
  }

  /** Says that nothing follows. Throws `invalid_encoding` where a character is cut. */
  finish(): void {
    if (this.#cut.length > 0) judge(this.#cut)
  }
}

function judge(bytes: Uint8Array): void {
  if (!isUtf8(bytes)) throw new GatewayError('invalid_encoding')
}

/** How long the character is that starts with `lead`. */
function sequenceBytes(lead: number): number {
  if (lead >= 0xf0) return 4
  if (lead >= 0xe0) return 3
  return lead >= 0xc0 ? 2 : 1
}

/** How many bytes at the end begin a character that is not complete. */
function cutBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0
    if ((byte & 0xc0) !== 0x80) return sequenceBytes(byte) > back ? back : 0
  }
  return 0
}
