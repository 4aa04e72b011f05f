/** The clocks of one request: the endpoint's, shortened or moved by the request's own headers. */
import type { StreamSettings } from '../config/config.ts'
import { GatewayError } from '../core/errors.ts'

/** Of requests: whether the client may come back to the stream. */
const RESUME = 'x-sluice-resume'

/** `x-sluice-timeout-ms` and `x-sluice-first-token-timeout-ms` (design, section 4). */
const TOTAL = 'x-sluice-timeout-ms'
const FIRST_TOKEN = 'x-sluice-first-token-timeout-ms'

/**
 * The endpoint's settings with the request's wishes in them. Neither wish can go beyond the
 * endpoint's total clock, which is the operator's bound.
 * @throws GatewayError `invalid_header` for a value that is not a whole number above zero.
 */
export function requestSettings(endpoint: StreamSettings, headers: Headers): StreamSettings {
  const total = wish(headers, TOTAL)
  const firstToken = wish(headers, FIRST_TOKEN)
  if (total === null && firstToken === null) return endpoint
  const bound = endpoint.totalTimeoutMs > 0 ? endpoint.totalTimeoutMs : Number.POSITIVE_INFINITY
  return {
    ...endpoint,
    totalTimeoutMs: total === null ? endpoint.totalTimeoutMs : Math.min(total, bound),
    firstTokenTimeoutMs:
      firstToken === null ? endpoint.firstTokenTimeoutMs : Math.min(firstToken, bound),
  }
}

/**
 * Whether the client wants a stream that it can come back to. Whether it has one, the answer tells:
 * a value that means nothing is no fault.
 */
export const wantsResume = (headers: Headers): boolean => headers.get(RESUME)?.trim() === '1'

function wish(headers: Headers, name: string): number | null {
  const value = headers.get(name)
  if (value === null) return null
  if (!/^[1-9]\d{0,9}$/.test(value)) {
    throw new GatewayError('invalid_header', {
      message: `The header '${name}' must be a whole number of milliseconds above zero.`,
      param: name,
    })
  }
  return Number(value)
}
