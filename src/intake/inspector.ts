/** What reads a body while it arrives, and what it finds. */
import { GatewayError } from '../core/errors.ts'
import { modelCharactersMax } from './scan.ts'

/** Where the model's name stands in the body, and how another one is written there. */
export interface ModelSpan {
  /** Offset of the first byte that is replaced. */
  readonly start: number
  /** Offset behind the last one. */
  readonly end: number
  /** The bytes that another name takes. */
  write(name: string): Uint8Array<ArrayBuffer>
}

/** Looks at a body, chunk by chunk, and never changes it. */
export interface Inspector {
  /** Reads on. Throws `GatewayError` where the body is refused. */
  feed(chunk: Uint8Array): void
  /** Says that nothing follows. Throws where the body is not complete, or lacks what it needs. */
  finish(): void
  /** What was found so far. */
  readonly model: string | null
  readonly stream: boolean
  readonly span: ModelSpan | null
  /** How long the answer may be; null where the body does not say, or is not understood. */
  readonly outputTokensMax: number | null
}

/** For a body that nothing is known about: audio, images, JSON lines. */
export const blind: Inspector = {
  feed() {},
  finish() {},
  model: null,
  stream: false,
  span: null,
  outputTokensMax: null,
}

/**
 * Refuses a name that could not be put into a header, an address or a log line: it is compared,
 * counted and displayed later by parts that trust it.
 */
export function checkModelName(name: string): string {
  if (name.length > modelCharactersMax) throw tooLongName()
  // A lone surrogate has no UTF-8 form; encodeURIComponent throws on it.
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name) || !name.isWellFormed()) {
    throw new GatewayError('invalid_request', {
      message: "'model' contains a character that is not allowed.",
      param: 'model',
    })
  }
  return name
}

/** The refusal of a name above the limit. */
export function tooLongName(): GatewayError {
  const message = `'model' is longer than ${modelCharactersMax} characters.`
  return new GatewayError('invalid_request', { message, param: 'model' })
}
