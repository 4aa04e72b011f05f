/**
 * A tool call without a name can neither be made by a client nor be sent back with the next turn:
 * every dialect demands the name there. Leaving it out would make an answer look finished that was
 * going to use a tool; so the answer has failed, whichever dialect it came in.
 */
import { GatewayError } from '../../core/errors.ts'

/** What becomes of an answer that calls a tool without saying which. */
export function unnamedTool(): GatewayError {
  const message = 'The provider called a tool without a name.'
  return new GatewayError('upstream_protocol_error', { message })
}
