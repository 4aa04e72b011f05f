/** The refusal of a request that has a parameter of the wrong type. */
import { GatewayError } from '../../core/errors.ts'

/** A request that the dialect forbids, with the parameter at fault. */
export function invalid(param: string, must: string): GatewayError {
  return new GatewayError('invalid_request', { message: `'${param}' must be ${must}.`, param })
}
