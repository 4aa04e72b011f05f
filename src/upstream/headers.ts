/**
 * Which headers cross, in either direction. Both lists say what may pass, not what may not: a
 * client's credentials, cookies and hop-by-hop headers never reach a provider, and a provider's
 * cookies and infrastructure never reach a client (reliability 4.2).
 */

/** Request headers that reach a provider as the client sent them. */
const requestHeaders: ReadonlySet<string> = new Set([
  'accept',
  'anthropic-beta',
  'anthropic-version',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'openai-beta',
  'range',
])

/** Response headers that reach the client as the provider sent them. */
const responseHeaders: ReadonlySet<string> = new Set([
  'accept-ranges',
  'content-disposition',
  'content-language',
  'content-range',
  'content-type',
  'etag',
  'last-modified',
  'openai-model',
  'openai-processing-ms',
  'openai-version',
  'retry-after',
  'retry-after-ms',
])

/** Limits that the provider tells of, under OpenAI's names and Anthropic's. */
const rateLimit = /^(?:x|anthropic)-ratelimit-/

/**
 * The headers of a call to a provider, before its credentials are added.
 * @param client the client's headers; only those on the list are taken.
 */
export function headersForProvider(client: Headers): Headers {
  const headers = new Headers()
  const ownToHop = nominated(client)
  for (const name of requestHeaders) {
    const value = client.get(name)
    if (value !== null && !ownToHop.has(name)) headers.set(name, value)
  }
  // A compressed stream cannot be looked at event by event.
  headers.set('accept-encoding', 'identity')
  headers.set('user-agent', 'sluice')
  return headers
}

/**
 * The names that `connection` makes hop-by-hop (RFC 9110 7.6.1). Only the sender's own headers are
 * looked at: what we add afterwards cannot be taken away by naming it.
 */
function nominated(sender: Headers): ReadonlySet<string> {
  const names = sender.get('connection')?.split(',') ?? []
  return new Set(names.map((name) => name.trim().toLowerCase()))
}

/** The headers of a provider's answer that the client may see. */
export function headersForClient(provider: Headers): Headers {
  const headers = new Headers()
  const ownToHop = nominated(provider)
  for (const [name, value] of provider) {
    if (ownToHop.has(name)) continue
    if (responseHeaders.has(name) || rateLimit.test(name)) headers.set(name, value)
  }
  return headers
}

/** The runtime's `fetch` takes heads of any size; no provider's own comes near this. */
const HEAD_BYTES_MAX = 64 * 1024

/** Whether the headers of a provider's answer are more than any provider has to say. */
export function isHeadTooLarge(provider: Headers): boolean {
  let bytes = 0
  for (const [name, value] of provider) bytes += name.length + value.length
  return bytes > HEAD_BYTES_MAX
}

/** The longest wait that is believed; a provider that says more is asked again sooner. */
const RETRY_AFTER_MS_MAX = 60_000

/**
 * How long a provider asks to wait, or null where it does not say or says nonsense. Digits are
 * read before dates, because `Date.parse('120')` is the year 120.
 * @param wallMs now, in milliseconds since 1970, for values that are dates.
 */
export function retryAfterMs(headers: Headers, wallMs: number): number | null {
  const inMs = headers.get('retry-after-ms')
  if (inMs !== null && /^\d+(\.\d+)?$/.test(inMs)) return clampWait(Number(inMs))
  const value = headers.get('retry-after')?.trim()
  if (value === undefined) return null
  if (/^\d+(\.\d+)?$/.test(value)) return clampWait(Number(value) * 1000)
  if (!/[a-z]/i.test(value)) return null
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : clampWait(date - wallMs)
}

const clampWait = (waitMs: number): number => Math.min(Math.max(waitMs, 0), RETRY_AFTER_MS_MAX)
