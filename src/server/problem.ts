/** Failures of the edge, written for the client. What the gateway fails at, it writes itself. */
import { toGatewayError } from '../core/errors.ts'
import { requestId } from '../core/ids.ts'
import { failureResponse } from '../gateway/fail.ts'
import type { Protocol } from '../protocol/protocol.ts'
import type { RouterOptions } from './options.ts'

/** What every answer of our own carries: it is not to be stored, and not to be guessed at. */
export const plainHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const

/**
 * Turns anything thrown into a response in the given dialect, OpenAI's chat where none was chosen
 * yet. Reports it when the fault is ours.
 * @param headers what this failure carries besides, such as `allow`.
 */
export type WriteProblem = (
  thrown: unknown,
  protocol?: Protocol,
  headers?: Readonly<Record<string, string>>,
) => Response

/** Makes the writer of an edge. */
export function problemWriter(options: Pick<RouterOptions, 'protocols' | 'onError'>): WriteProblem {
  return (thrown, protocol = options.protocols.chat, headers = {}) => {
    const id = requestId()
    if (toGatewayError(thrown).row.level === 'error') options.onError(thrown, id)
    const response = failureResponse(thrown, protocol, id)
    for (const [name, value] of Object.entries({ ...plainHeaders, ...headers })) {
      response.headers.set(name, value)
    }
    return response
  }
}
