/**
 * What a dialect cannot say. The one list behind three things: what a writer may drop, what it
 * must refuse, and the table "What does not translate" in the README.
 */
import { GatewayError } from '../../core/errors.ts'
import type { ProtocolName } from '../names.ts'

/** One thing that a dialect has no words for. */
export interface Loss {
  /** A name for it that code and README share, such as `seed` or `tool-result.is_error`. */
  readonly what: string
  /**
   * `dropped` where the answer means the same without it; `refused` where leaving it out would
   * change what was asked for, so that the request is a 400; `changed` where it is said otherwise.
   */
  readonly how: 'dropped' | 'refused' | 'changed'
  /** One sentence for the README: what happens instead, and why that is right. */
  readonly note: string
}

/** Left out, because the answer means the same without it. */
export const dropped = (what: string, note: string): Loss => ({ what, how: 'dropped', note })

/** Said otherwise. */
export const changed = (what: string, note: string): Loss => ({ what, how: 'changed', note })

/** A 400, because leaving it out would change what was asked for. */
export const refused = (what: string, note: string): Loss => ({ what, how: 'refused', note })

/** The losses of writing requests, and of writing answers, in one dialect. */
export interface Losses {
  readonly dialect: ProtocolName
  readonly request: readonly Loss[]
  readonly answer: readonly Loss[]
}

/**
 * The refusal of a request that the target's dialect cannot express.
 * @param param the client's parameter at fault, in the client's own words.
 */
export function cannotSay(dialect: ProtocolName, param: string): GatewayError {
  return new GatewayError('invalid_request', {
    message: `'${param}' cannot be expressed for the chosen provider (${dialect}).`,
    param,
  })
}
