/**
 * Finds the form fields `model` and `stream` in a multipart body, over chunks (RFC 2046 section
 * 5.1, RFC 7578). Files pass by unread; only a line or a part's headers are ever held back.
 */
import { GatewayError } from '../core/errors.ts'
import { checkModelName, type Inspector, type ModelSpan, tooLongName } from './inspector.ts'
import { modelCharactersMax } from './scan.ts'

/** A part's headers, or the line of a delimiter, at most. */
const headersBytesMax = 16_384
// A UTF-16 unit takes three bytes of UTF-8 at most.
const fieldBytesMax = modelCharactersMax * 3

type State = 'content' | 'line' | 'headers' | 'done'

/** Reads a multipart body for its model and whether a stream was asked for. */
export class MultipartInspector implements Inspector {
  model: string | null = null
  stream = false
  span: ModelSpan | null = null
  readonly outputTokensMax = null
  readonly #delimiter: Buffer
  readonly #seen = new Set<string>()
  // A line end that is not there lets the first delimiter look like all others.
  #pending: Buffer = Buffer.from('\r\n')
  /** Where `#pending` begins in the body. */
  #offset = -2
  #state: State = 'content'
  /** The field whose content is being read, where it is one of ours. */
  #field: { readonly name: string; readonly start: number } | null = null
  #content: Buffer[] = []
  #contentBytes = 0

  /** @param boundary as `boundaryOf` found it. */
  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  }

  feed(chunk: Uint8Array): void {
    if (this.#state === 'done') return
    const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    // Within a file nothing is pending, as a rule, and the chunk is searched where it lies.
    this.#pending = this.#pending.length === 0 ? view : Buffer.concat([this.#pending, view])
    while (this.#step()) {}
    // The chunk is somebody else's again from here on.
    this.#pending = Buffer.from(this.#pending)
  }

  finish(): void {
    if (this.#state !== 'done') throw malformed('it ends before its last boundary')
  }

  /** Reads one thing. False where more bytes are needed. */
  #step(): boolean {
    switch (this.#state) {
      case 'content':
        return this.#readContent()
      case 'line':
        return this.#readLine()
      case 'headers':
        return this.#readHeaders()
      case 'done':
        return false
    }
  }

  #readContent(): boolean {
    const found = this.#pending.indexOf(this.#delimiter)
    if (found < 0) {
      // What may be the beginning of a delimiter waits for the next chunk.
      this.#keep(this.#consume(this.#pending.length - this.#begunDelimiterBytes()))
      return false
    }
    this.#keep(this.#consume(found))
    if (this.#field !== null) this.#endField(this.#field.name, this.#field.start)
    this.#field = null
    this.#consume(this.#delimiter.length)
    this.#state = 'line'
    return true
  }

  /** How many bytes at the end could be the beginning of a delimiter. */
  #begunDelimiterBytes(): number {
    const { length } = this.#pending
    for (let bytes = Math.min(length, this.#delimiter.length - 1); bytes > 0; bytes -= 1) {
      const start = length - bytes
      if (this.#pending[start] !== 0x0d) continue
      if (this.#pending.compare(this.#delimiter, 0, bytes, start, length) === 0) return bytes
    }
    return 0
  }

  #readLine(): boolean {
    if (this.#pending.length < 2) return false
    if (this.#pending.toString('latin1', 0, 2) === '--') {
      this.#pending = Buffer.alloc(0)
      this.#state = 'done'
      return false
    }
    const end = this.#pending.indexOf('\r\n')
    if (end < 0) return this.#waitForMore()
    if (!/^[ \t]*$/.test(this.#pending.toString('latin1', 0, end))) {
      throw malformed('a boundary is followed by other text')
    }
    // The line end stays: with it, a part without headers ends like one with them.
    this.#consume(end)
    this.#state = 'headers'
    return true
  }

  #readHeaders(): boolean {
    const end = this.#pending.indexOf('\r\n\r\n')
    if (end < 0) return this.#waitForMore()
    if (end > headersBytesMax) throw malformed('the headers of a part are too large')
    const headers = this.#consume(end + 4).toString('latin1')
    const name = fieldName(headers)
    if (name === 'model' || name === 'stream') {
      if (this.#seen.has(name)) {
        const message = `The field '${name}' occurs twice in the request body.`
        throw new GatewayError('duplicate_key', { message, param: name })
      }
      this.#seen.add(name)
      this.#field = { name, start: this.#offset }
      this.#content = []
      this.#contentBytes = 0
    }
    this.#state = 'content'
    return true
  }

  #waitForMore(): false {
    if (this.#pending.length > headersBytesMax) {
      throw malformed('the headers of a part are too large')
    }
    return false
  }

  #consume(bytes: number): Buffer {
    const taken = this.#pending.subarray(0, bytes)
    this.#pending = this.#pending.subarray(bytes)
    this.#offset += bytes
    return taken
  }

  #keep(bytes: Buffer): void {
    if (this.#field === null || bytes.length === 0) return
    this.#contentBytes += bytes.length
    if (this.#contentBytes <= fieldBytesMax) this.#content.push(Buffer.from(bytes))
  }

  #endField(name: string, start: number): void {
    const bytes = Buffer.concat(this.#content)
    this.#content = []
    if (name === 'stream') {
      this.stream = /^(true|1)$/i.test(bytes.toString('latin1'))
      return
    }
    if (this.#contentBytes > fieldBytesMax) throw tooLongName()
    const text = decodeStrictly(bytes)
    if (text === '') return
    this.model = checkModelName(text)
    this.span = {
      start,
      end: start + bytes.length,
      write: (other) => new TextEncoder().encode(other),
    }
  }
}

/** The boundary that a content type names. Throws `invalid_request` where there is none. */
export function boundaryOf(contentType: string): string {
  const boundary = parametersOf(contentType).get('boundary')
  if (boundary === undefined || !/^[\x20-\x7e]{0,69}[\x21-\x7e]$/.test(boundary)) {
    throw malformed('its content type names no valid boundary')
  }
  return boundary
}

/** The name of a part's form field, or null where it has none. */
function fieldName(headers: string): string | null {
  const lines = headers.split('\r\n').filter((line) => /^content-disposition[ \t]*:/i.test(line))
  if (lines.length > 1) throw malformed('a part has two dispositions')
  const parameters = parametersOf(lines[0] ?? '')
  const name = parameters.get('name') ?? null
  // Some servers would take the content of such a file for the model, others would not.
  if (name === 'model' && parameters.has('filename')) {
    const message = "'model' must be a text field."
    throw new GatewayError('invalid_request', { message, param: 'model' })
  }
  return name
}

/** The parameters of a header, by lower-case name. A name that occurs twice is refused. */
function parametersOf(header: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  const pattern = /;[ \t]*([^=;\s"]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;"]*))/g
  for (const [, name = '', quoted, plain = ''] of header.matchAll(pattern)) {
    const key = name.toLowerCase()
    if (parameters.has(key)) throw malformed('a parameter of a header occurs twice')
    parameters.set(key, quoted?.replace(/\\(.)/g, '$1') ?? plain.trim())
  }
  return parameters
}

function decodeStrictly(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new GatewayError('invalid_encoding', { param: 'model' })
  }
}

function malformed(reason: string): GatewayError {
  const message = `The multipart request body is not valid: ${reason}.`
  return new GatewayError('invalid_request', { message })
}
