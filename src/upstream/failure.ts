/** What went wrong with a connection, read from what Bun's `fetch` throws. */
import { abortReason } from '../core/abort.ts'
import { type ErrorCode, GatewayError } from '../core/errors.ts'

const codes: readonly (readonly [RegExp, ErrorCode])[] = [
  [
    /^(ECONNREFUSED|ConnectionRefused|EHOSTUNREACH|ENETUNREACH|FailedToOpenSocket)$/,
    'upstream_connect_failed',
  ],
  [/^(ETIMEDOUT|ConnectionTimeout)$/, 'upstream_connect_failed'],
  [/^(ENOTFOUND|EAI_|DNS|ENODATA|ESERVFAIL)/, 'upstream_dns_failed'],
  [/EPROTO|CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_|ALTNAME|HOSTNAME_MISMATCH/, 'upstream_tls_failed'],
  [/InvalidHTTP|Malformed|ContentLength|HPE_|Zlib|Decompress/i, 'upstream_bad_response'],
]

/**
 * A failure before the provider's first byte of body, as one of our codes.
 * @param signal the attempt's own; its reason wins, because an aborted `fetch` throws it as well.
 * @param answered whether the provider's headers had come.
 */
export function connectionFailure(
  thrown: unknown,
  signal: AbortSignal,
  answered: boolean,
): GatewayError {
  if (signal.aborted) return abortReason(signal)
  if (thrown instanceof GatewayError) return thrown
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  const known = codes.find(([pattern]) => pattern.test(code))
  return new GatewayError(known?.[1] ?? (answered ? 'upstream_reset' : 'upstream_closed'), {
    cause: thrown,
  })
}
