/** One attempt to bring a message to the operator's webhook. */
import { Webhook } from 'standardwebhooks'
import type { AlertWebhook } from '../../config/alert-rules.ts'
import type { AlertMessage } from './message.ts'

/** How long a receiver may take. */
const TIMEOUT_MS = 10_000

/** A receiver that names a longer wait is asked sooner all the same. */
const RETRY_AFTER_MAX_MS = 60_000

/** What came of it. */
export interface AttemptResult {
  readonly outcome: 'delivered' | 'refused' | 'failed'
  /** Of the answer, or null where there was none. */
  readonly status: number | null
  /** The system's code or the class of what went wrong; null where there was an answer. */
  readonly error: string | null
  /** What the receiver asked for; null where it asked for nothing. */
  readonly retryAfterMs: number | null
}

/**
 * Signs a message as Standard Webhooks describe it, and sends it. Redirects are not followed: the
 * operator named this place and no other. Never rejects.
 * @param signal ends the attempt.
 */
export async function attemptOf(
  { url, secret }: AlertWebhook,
  { id, body }: AlertMessage,
  signal: AbortSignal,
): Promise<AttemptResult> {
  const sentAt = new Date()
  const signer = secret.startsWith('whsec_')
    ? new Webhook(secret)
    : new Webhook(secret, { format: 'raw' })
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new DOMException('late', 'TimeoutError')), TIMEOUT_MS)
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'sluice',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
        'webhook-signature': signer.sign(id, sentAt, body),
      },
      body,
      signal: AbortSignal.any([signal, late.signal]),
    })
    // What it says beside its status is nothing to us.
    await response.body?.cancel().catch(() => {})
    return { ...answered(response), error: null }
  } catch (thrown) {
    return { outcome: 'failed', status: null, error: nameOf(thrown), retryAfterMs: null }
  } finally {
    clearTimeout(timer)
  }
}

function answered({ status, headers }: Response): Omit<AttemptResult, 'error'> {
  if (status >= 200 && status < 300) return { outcome: 'delivered', status, retryAfterMs: null }
  // All others are the same the next time; a redirect most of all.
  if (status < 500 && status !== 429) return { outcome: 'refused', status, retryAfterMs: null }
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  const asked = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null
  const retryAfterMs = asked === null ? null : Math.min(RETRY_AFTER_MAX_MS, asked)
  return { outcome: 'failed', status, retryAfterMs }
}

/** Only the code: a message may hold the address, which may hold a secret. */
function nameOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name
}
