/** What a request cost, as its client is told: a header, or a comment at the end of a stream. */
import { usdText } from '../config/prices.ts'
import { GatewayError } from '../core/errors.ts'
import type { Exchange } from '../observe/exchange.ts'
import { commentOf } from '../protocol/comment.ts'
import type { Call, Opened } from '../provider/call.ts'

/** Of answers: US dollars in decimals, or `unknown`. Of requests: `trailer`, for the comment. */
const COST = 'x-sluice-cost'

/**
 * Whether the client wants the cost at the end of its stream.
 * @throws GatewayError `invalid_header` for anything that is not `trailer`.
 */
export function wantsTrailer(headers: Headers): boolean {
  const value = headers.get(COST)
  if (value !== null && value.trim().toLowerCase() !== 'trailer') {
    throw new GatewayError('invalid_header', {
      message: `The header '${COST}' must be 'trailer' where a request has it.`,
      param: COST,
    })
  }
  return value !== null
}

/**
 * The comment with the cost, for a stream of events. Null in a JSON array, which has no comments,
 * and where the bytes pass unread: nobody knows there where an event ends, or what was used.
 */
export function costTrailer(exchange: Exchange, call: Call): (() => string) | null {
  if (call.framing === 'json-array' || call.protocol.name === 'opaque') return null
  return () => {
    exchange.settleCost()
    return commentOf(call.protocol, `cost=${usdText(exchange.costMicroUsd)} currency=USD`)
  }
}

/**
 * Tells the cost in the head of an answer that is there whole. One whose body is still on its way
 * has a cost that nobody knows yet; where no model was asked there is none to speak of.
 */
export function tellCost(response: Response, exchange: Exchange, opened: Opened | null): Response {
  const isStream = opened === null || opened.isEventStream
  if (!isStream && opened.target.model !== null) {
    response.headers.set(COST, usdText(exchange.costMicroUsd))
  }
  return response
}
