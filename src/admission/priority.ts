/** How important a request is: as its key says, or less where the request itself says so. */
import { type KeyPriority, keyPriorities } from '../config/client-key.ts'
import { GatewayError } from '../core/errors.ts'

const header = 'x-sluice-priority'

/**
 * The priority of a request. It may say that it is less important than its key allows, and no more.
 * @param own of the key; `normal` where there is none.
 * @throws GatewayError `invalid_header` for a priority that there is not.
 */
export function priorityOf(headers: Headers, own: KeyPriority = 'normal'): KeyPriority {
  const value = headers.get(header)
  if (value === null) return own
  const wanted = keyPriorities.find((priority) => priority === value)
  if (wanted === undefined) {
    throw new GatewayError('invalid_header', {
      message: `The header '${header}' must be one of ${keyPriorities.join(', ')}.`,
      param: header,
    })
  }
  const isLess = keyPriorities.indexOf(wanted) > keyPriorities.indexOf(own)
  return isLess ? wanted : own
}
