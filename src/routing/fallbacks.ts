/** `x-sluice-fallbacks`: models that a request names for the case that its own cannot answer. */
import { GatewayError } from '../core/errors.ts'

/** Names with commas between them: `anthropic/claude-sonnet-4-5,groq/llama-3.3-70b`. */
export const FALLBACKS_HEADER = 'x-sluice-fallbacks'

/** More would only make a hopeless request last longer. */
const FALLBACKS_MAX = 8

/**
 * The names of the header, in order.
 * @throws GatewayError `invalid_header` for more than eight, or an empty one between two commas.
 */
export function fallbacksOf(headers: Headers): readonly string[] {
  const value = headers.get(FALLBACKS_HEADER)
  if (value === null || value.trim() === '') return []
  const names = value.split(',').map((name) => name.trim())
  if (names.length <= FALLBACKS_MAX && names.every((name) => name !== '')) return names
  throw new GatewayError('invalid_header', {
    message: `The header '${FALLBACKS_HEADER}' must list at most ${FALLBACKS_MAX} models.`,
    param: FALLBACKS_HEADER,
  })
}
