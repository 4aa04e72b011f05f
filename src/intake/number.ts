/** The grammar of a JSON number, one byte at a time (RFC 8259 section 6). */

// What has been read so far.
const MINUS = 0
const ZERO = 1
const INTEGER = 2
const POINT = 3
const FRACTION = 4
const MARK = 5
const SIGN = 6
const EXPONENT = 7

/** Whether a byte is one of `0` to `9`. */
export const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

/** Reads one number after another. */
export class NumberScan {
  #step = MINUS

  /** Whether what was read is a whole number that could end here. */
  get complete(): boolean {
    const step = this.#step
    return step === ZERO || step === INTEGER || step === FRACTION || step === EXPONENT
  }

  /** Starts a number. False where `byte` cannot be its first. */
  begin(byte: number): boolean {
    if (byte === 0x2d) this.#step = MINUS
    else if (isDigit(byte)) this.#step = byte === 0x30 ? ZERO : INTEGER
    else return false
    return true
  }

  /** Reads on from `start`, and returns where the first byte stands that is not of the number. */
  accept(chunk: Uint8Array, start: number): number {
    let step: number | null = this.#step
    for (let at = start; at < chunk.length; at += 1) {
      step = next(step, chunk[at] ?? 0)
      if (step === null) return at
      this.#step = step
    }
    return chunk.length
  }
}

/** What has been read with one byte more, or null where that byte is not of the number. */
function next(step: number, byte: number): number | null {
  const digit = isDigit(byte)
  switch (step) {
    case MINUS:
      if (!digit) return null
      return byte === 0x30 ? ZERO : INTEGER
    case ZERO:
    case INTEGER:
      if (digit && step === INTEGER) return INTEGER
      if (byte === 0x2e) return POINT
      return isExponentMark(byte) ? MARK : null
    case POINT:
      return digit ? FRACTION : null
    case FRACTION:
      if (digit) return FRACTION
      return isExponentMark(byte) ? MARK : null
    case MARK:
      if (byte === 0x2b || byte === 0x2d) return SIGN
      return digit ? EXPONENT : null
    default:
      return digit ? EXPONENT : null
  }
}

const isExponentMark = (byte: number): boolean => (byte | 0x20) === 0x65
