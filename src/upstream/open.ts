/** Calls one target and takes its answer as far as the commit point. */
import type { StreamSettings } from '../config/config.ts'
import { onAbort } from '../core/abort.ts'
import { nowMs, type Sweep, type Swept } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import type { Exchange } from '../observe/exchange.ts'
import type { Call, Intent, Opened, RequestBody, Target } from '../provider/call.ts'
import { acceptAnswer } from './answer.ts'
import { connectionFailure } from './failure.ts'
import { headersForProvider } from './headers.ts'

/** What calling a target needs from the rest of the program. */
export interface OpenContext {
  readonly request: Pick<Request, 'method' | 'headers'>
  readonly call: Call
  readonly intent: Intent
  readonly exchange: Exchange
  readonly settings: StreamSettings
  readonly sweep: Sweep
  /** The request's own signal; an attempt has one of its own below it. */
  readonly signal: AbortSignal
  /** A proxy for all calls to providers, or null. */
  readonly proxy: string | null
}

/**
 * Opens one target.
 * @param freshSocket not to reuse an idle connection, after one was found dead.
 * @throws GatewayError for everything that is not a good answer; nothing is left open then.
 */
export async function open(
  target: Target,
  context: OpenContext,
  freshSocket: boolean,
): Promise<Opened> {
  const { exchange, settings, sweep, intent } = context
  const attempt = new AbortController()
  const unlink = onAbort(context.signal, () => attempt.abort(context.signal.reason))
  const sentAtMs = nowMs()
  exchange.upstreamSentAtMs = sentAtMs
  const forgetHeaders = headersClock(settings.headersTimeoutMs, intent.body, sweep, () =>
    attempt.abort(new GatewayError('upstream_header_timeout')),
  )
  let forgetFirstToken = (): void => {}
  let answered = false
  try {
    const response = await send(target, context, attempt.signal, freshSocket)
    answered = true
    exchange.headersAtMs = nowMs()
    forgetHeaders()
    forgetFirstToken = sweep.after(settings.firstTokenTimeoutMs - (nowMs() - sentAtMs), () =>
      attempt.abort(new GatewayError('upstream_first_token_timeout')),
    )
    const cancel = (): void => {
      unlink()
      // Aborting is what closes the socket; cancelling the reader alone may leave it.
      attempt.abort(new GatewayError('client_gone'))
    }
    return await acceptAnswer(response, target, context, cancel, unlink)
  } catch (thrown) {
    const failure = connectionFailure(thrown, attempt.signal, answered)
    unlink()
    attempt.abort(failure)
    throw failure
  } finally {
    forgetHeaders()
    forgetFirstToken()
    exchange.upstreamWaitMs += nowMs() - sentAtMs
  }
}

async function send(
  target: Target,
  context: OpenContext,
  signal: AbortSignal,
  freshSocket: boolean,
): Promise<Response> {
  const { call, request, intent, proxy } = context
  const { provider } = target
  const headers = headersForProvider(request.headers)
  provider.authorize(headers)
  if (provider.answer !== undefined) {
    const body = intent.body === null ? null : await intent.body.collect(target.renamedTo)
    const { path, search } = call
    return provider.answer({ method: request.method, path, search, headers, signal }, body)
  }
  const body = intent.body?.open(target.renamedTo) ?? null
  const options: BunFetchRequestInit = {
    method: request.method,
    headers,
    body,
    signal,
    // A redirect would carry the operator's key to wherever it points.
    redirect: 'manual',
    keepalive: !freshSocket,
    // Bun's own timer is coarse and would cut silent streams; ours are the sweep's.
    timeout: false,
    // Without this the usual *_PROXY variables would be obeyed, even for loopback addresses.
    proxy: proxy ?? false,
  }
  // The usual *_PROXY variables would be obeyed even for loopback addresses.
  if (proxy !== null) options.proxy = proxy
  return fetch(provider.url(call.path, call.search), options)
}

/** The headers clock. It starts over while an upload makes progress, and runs once it is sent. */
function headersClock(
  timeoutMs: number,
  body: RequestBody | null,
  sweep: Sweep,
  expire: () => void,
): () => void {
  if (timeoutMs <= 0) return () => {}
  let startedAtMs = nowMs()
  let sentBytes = -1
  const entry: Swept = {
    sweep: (now) => {
      const total = body?.metrics()?.totalBytes ?? 0
      if (total !== sentBytes) {
        sentBytes = total
        startedAtMs = now
      } else if (now - startedAtMs > timeoutMs) {
        sweep.remove(entry)
        expire()
      }
    },
  }
  sweep.add(entry)
  return () => sweep.remove(entry)
}
