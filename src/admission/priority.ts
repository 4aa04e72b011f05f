/** How important a request says that it is. */
import { GatewayError } from '../core/errors.ts'

const header = 'x-sluice-priority'

/** The priorities, least first; a request that does not say is `normal`. */
const priorities = ['low', 'normal', 'high'] as const

/**
 * Whether a request is among the first to be refused.
 * @throws GatewayError `invalid_header` for a priority that there is not.
 */
export function isLowPriority(headers: Headers): boolean {
  const value = headers.get(header)
  if (value === null) return false
  if (!priorities.some((priority) => priority === value)) {
    throw new GatewayError('invalid_header', {
      message: `The header '${header}' must be one of ${priorities.join(', ')}.`,
      param: header,
    })
  }
  return value === 'low'
}
