/** Wrong methods: known paths answer them with 405 and the right ones, where Elysia says 404. */
import { GatewayError } from '../core/errors.ts'
import type { WriteProblem } from './problem.ts'

/**
 * A handler for every method of a path that no other route takes.
 * @param allow the methods that are taken, as the `allow` header lists them
 */
export function refuseMethod(writeProblem: WriteProblem, allow: string): () => Response {
  return () => writeProblem(new GatewayError('method_not_allowed'), undefined, { allow })
}

/** Route options that leave the body unread and keep the route out of the documentation. */
export const hidden = { parse: 'none', detail: { hide: true } } as const
