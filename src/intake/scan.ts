/**
 * Reads JSON byte by byte, over chunks, and keeps nothing of it but what selects the target,
 * and how long the answer may be.
 *
 * The body is forwarded as it came, so nobody needs it as an object: a scanner that checks the
 * grammar and remembers a few keys costs no memory however large the body is, cannot be made to
 * build a million objects, and judges a body of one kilobyte and one of a gigabyte alike.
 * The bytes are taken to be UTF-8, which `utf8.ts` checks. Grammar: RFC 8259.
 */
import { GatewayError } from '../core/errors.ts'
import { isDigit, NumberScan } from './number.ts'

/** What the value of the top-level key `model` is. `start` and `end` include the quotes. */
export type ModelValue =
  | { readonly kind: 'absent' | 'null' | 'other' | 'too-long' }
  | { readonly kind: 'string'; readonly text: string; readonly start: number; readonly end: number }

/** What the value of the top-level key `stream` is. */
export type StreamValue = 'absent' | 'null' | 'other' | 'true' | 'false'

/** Characters of a model name, at most. */
export const modelCharactersMax = 256

// One UTF-16 unit takes six bytes at most, written as an escape.
const modelBytesMax = modelCharactersMax * 6
const keyBytesMax = 'max_completion_tokens'.length * 6

/** A key that we read, and what it is to us. */
type Member = 'model' | 'stream' | 'bound'

/** The keys of the outermost object that we read. */
const members: ReadonlyMap<string, Member> = new Map([
  ['model', 'model'],
  ['stream', 'stream'],
])

/** A bound of the answer in the words of every dialect; Gemini and Bedrock have it one deeper. */
const bounds: ReadonlySet<string> = new Set([
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'maxOutputTokens',
  'maxTokens',
])
const boundDepthMax = 2

// Where in the grammar the next byte stands.
const VALUE = 0
const FIRST_ITEM = 1
const FIRST_KEY = 2
const KEY = 3
const COLON = 4
const AFTER = 5
const STRING = 6
const ESCAPE = 7
const HEX = 8
const NUMBER = 9
const LITERAL = 10

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** What may follow a backslash, besides `u`. */
const simpleEscapes: ReadonlySet<number | undefined> = new Set(Buffer.from('"\\/bfnrt'))

const literals: Readonly<Record<number, string>> = { 116: 'true', 102: 'false', 110: 'null' }

/** An incremental check of one JSON text. */
export class JsonScanner {
  model: ModelValue = { kind: 'absent' }
  stream: StreamValue = 'absent'
  /** The first bound of the answer that is a whole number; null where there is none. */
  outputTokensMax: number | null = null
  readonly #depthMax: number
  /** One entry for each open container; true is an object. */
  readonly #open: boolean[] = []
  readonly #number = new NumberScan()
  #state = VALUE
  /** Bytes of the chunks before this one. */
  #offset = 0
  #isKey = false
  #hexLeft = 0
  #literal = ''
  #literalAt = 0
  /** The key whose value comes next, where it is one of ours. */
  #member: Member | null = null
  /** The bound that is being read, and not a number where it is not whole; null for no bound. */
  #bound: number | null = null
  #topLevelIsObject = false
  /** The raw bytes of the string being captured, or null. */
  #captured: number[] | null = null
  #capturedMax = 0
  #modelStart = 0

  /** @param depthMax how deep containers may nest. */
  constructor(depthMax: number) {
    this.#depthMax = depthMax
  }

  /** Whether the text is an object; false until its first byte was seen. */
  get isObject(): boolean {
    return this.#topLevelIsObject
  }

  /** Reads on. Throws `invalid_json`, `json_too_deep` or `duplicate_key`. */
  feed(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#state === STRING) at = this.#string(chunk, at)
      else if (this.#state === ESCAPE || this.#state === HEX) at = this.#escape(chunk, at)
      else if (this.#state === NUMBER) at = this.#digits(chunk, at)
      else if (this.#state === LITERAL) at = this.#letters(chunk, at)
      else at = this.#structure(chunk, at)
    }
    this.#offset += chunk.length
  }

  /** Says that nothing follows. Throws `invalid_json` where the text is not complete. */
  finish(): void {
    if (this.#state === NUMBER && this.#number.complete) this.#state = AFTER
    if (this.#state !== AFTER || this.#open.length > 0) this.#malformed(0)
  }

  #malformed(at: number): never {
    const message = `The request body is not valid JSON (at byte ${this.#offset + at}).`
    throw new GatewayError('invalid_json', { message })
  }

  #structure(chunk: Uint8Array, start: number): number {
    for (let at = start; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue
      switch (this.#state) {
        case AFTER:
          this.#after(byte, at)
          continue
        case COLON:
          if (byte !== 0x3a) this.#malformed(at)
          this.#state = VALUE
          continue
        case FIRST_KEY:
        case KEY:
          if (byte === QUOTE) {
            this.#beginKey()
            return at + 1
          }
          if (byte !== 0x7d || this.#state === KEY) this.#malformed(at)
          this.#close()
          continue
        case FIRST_ITEM:
          if (byte === 0x5d) {
            this.#close()
            continue
          }
      }
      this.#beginValue(byte, at)
      if (this.#state >= STRING) return at + 1
    }
    return chunk.length
  }

  #after(byte: number, at: number): void {
    const isObject = this.#open[this.#open.length - 1]
    if (isObject === undefined) this.#malformed(at)
    if (byte === 0x2c) this.#state = isObject ? KEY : VALUE
    else if (byte === (isObject ? 0x7d : 0x5d)) this.#close()
    else this.#malformed(at)
  }

  #close(): void {
    this.#open.pop()
    this.#state = AFTER
  }

  #beginValue(byte: number, at: number): void {
    if (this.#member !== null) this.#note(this.#member, byte, at)
    if (byte === QUOTE) {
      this.#isKey = false
      this.#state = STRING
    } else if (byte === 0x7b || byte === 0x5b) {
      if (this.#open.length >= this.#depthMax) throw new GatewayError('json_too_deep')
      if (this.#open.length === 0) this.#topLevelIsObject = byte === 0x7b
      this.#open.push(byte === 0x7b)
      this.#state = byte === 0x7b ? FIRST_KEY : FIRST_ITEM
    } else if (this.#number.begin(byte)) {
      this.#state = NUMBER
    } else {
      this.#literal = literals[byte] ?? this.#malformed(at)
      this.#literalAt = 1
      this.#state = LITERAL
    }
  }

  /** Remembers what kind of value one of our keys has, by its first byte. */
  #note(member: Member, byte: number, at: number): void {
    this.#member = null
    const literal = literals[byte]
    if (member === 'bound') {
      if (isDigit(byte)) this.#bound = byte - 0x30
    } else if (member === 'stream') {
      this.stream =
        literal === 'true' || literal === 'false' || literal === 'null' ? literal : 'other'
    } else if (byte === QUOTE) {
      this.#modelStart = this.#offset + at
      this.#capture(modelBytesMax)
    } else {
      this.model = { kind: literal === 'null' ? 'null' : 'other' }
    }
  }

  #beginKey(): void {
    this.#isKey = true
    this.#state = STRING
    if (this.#open.length <= boundDepthMax) this.#capture(keyBytesMax)
  }

  #capture(bytesMax: number): void {
    this.#captured = []
    this.#capturedMax = bytesMax
  }

  #keep(chunk: Uint8Array, start: number, end: number): void {
    const captured = this.#captured
    if (captured === null) return
    // One byte more than allowed is kept, so that "too long" shows in the length.
    const stop = Math.min(end, start + this.#capturedMax + 1 - captured.length)
    for (let at = start; at < stop; at += 1) captured.push(chunk[at] ?? 0)
  }

  #string(chunk: Uint8Array, start: number): number {
    const length = chunk.length
    const captured = this.#captured
    let at = start
    for (; at < length; at += 1) {
      const byte = chunk[at] ?? 0
      if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) continue
      // Most escapes are `\n` and `\"` in long texts; passing them here saves two calls for each.
      if (byte !== BACKSLASH || captured !== null || !simpleEscapes.has(chunk[at + 1])) break
      at += 1
    }
    if (captured !== null) this.#keep(chunk, start, at)
    if (at >= length) return length
    if (chunk[at] === QUOTE) this.#endString(at + 1)
    else if (chunk[at] === BACKSLASH) this.#beginEscape(chunk, at)
    else this.#malformed(at)
    return at + 1
  }

  #beginEscape(chunk: Uint8Array, at: number): void {
    this.#keep(chunk, at, at + 1)
    this.#state = ESCAPE
  }

  #escape(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] ?? 0
    this.#keep(chunk, at, at + 1)
    if (this.#state === HEX) {
      if (!isHexDigit(byte)) this.#malformed(at)
      this.#hexLeft -= 1
      if (this.#hexLeft === 0) this.#state = STRING
    } else if (byte === 0x75) {
      this.#hexLeft = 4
      this.#state = HEX
    } else {
      if (!simpleEscapes.has(byte)) this.#malformed(at)
      this.#state = STRING
    }
    return at + 1
  }

  #endString(end: number): void {
    this.#state = this.#isKey ? COLON : AFTER
    const captured = this.#captured
    if (captured === null) return
    this.#captured = null
    if (this.#isKey) {
      if (captured.length <= keyBytesMax) this.#endKey(keyOf(captured))
    } else if (captured.length > modelBytesMax) {
      this.model = { kind: 'too-long' }
    } else {
      const text = textOf(captured)
      this.model = { kind: 'string', text, start: this.#modelStart, end: this.#offset + end }
    }
  }

  #endKey(key: string): void {
    if (bounds.has(key)) {
      this.#member = 'bound'
      return
    }
    const member = this.#open.length === 1 ? members.get(key) : undefined
    if (member === undefined) return
    const isSecond = member === 'model' ? this.model.kind !== 'absent' : this.stream !== 'absent'
    if (isSecond) {
      const message = `The key '${key}' occurs twice in the request body.`
      throw new GatewayError('duplicate_key', { message, param: key })
    }
    this.#member = member
  }

  #digits(chunk: Uint8Array, start: number): number {
    const at = this.#number.accept(chunk, start)
    if (this.#bound !== null) {
      for (let digit = start; digit < at; digit += 1) {
        const byte = chunk[digit] ?? 0
        this.#bound = isDigit(byte) ? this.#bound * 10 + byte - 0x30 : Number.NaN
      }
    }
    if (at === chunk.length) return at
    if (!this.#number.complete) this.#malformed(at)
    if (Number.isSafeInteger(this.#bound)) this.outputTokensMax ??= this.#bound
    this.#bound = null
    this.#state = AFTER
    return at
  }

  #letters(chunk: Uint8Array, at: number): number {
    if (chunk[at] !== this.#literal.charCodeAt(this.#literalAt)) this.#malformed(at)
    this.#literalAt += 1
    if (this.#literalAt === this.#literal.length) this.#state = AFTER
    return at + 1
  }
}

function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)
}

/** The text of a string whose escapes were found to be right. */
function textOf(raw: readonly number[]): string {
  return unescaped(decoder.decode(Uint8Array.from(raw)))
}

/** The text of a key, in which only ASCII is right: all that we look for is. */
function keyOf(raw: readonly number[]): string {
  return unescaped(String.fromCharCode(...raw))
}

const unescaped = (text: string): string =>
  text.includes('\\') ? String(JSON.parse(`"${text}"`)) : text

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
