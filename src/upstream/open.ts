/** Calls one target and takes its answer as far as the commit point. */
import { onAbort } from '../core/abort.ts'
import { nowMs, type Sweep, type Swept } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import { tellTrace } from '../observe/trace/context.ts'
import type { Usage } from '../protocol/protocol.ts'
import type { Opened, RequestBody, Target } from '../provider/call.ts'
import { acceptAnswer } from './answer.ts'
import { openAside } from './aside.ts'
import type { OpenContext } from './context.ts'
import { connectionFailure } from './failure.ts'
import { headersForProvider } from './headers.ts'
import { type Outgoing, prepare } from './outgoing.ts'

/**
 * Opens one target.
 * @throws GatewayError for everything that is not a good answer; nothing is left open then.
 */
export async function open(target: Target, context: OpenContext): Promise<Opened> {
  const aside = openAside(target, context, (outgoing) => openOutgoing(target, outgoing, context))
  return aside ?? openOutgoing(target, await prepare(target, context), context)
}

async function openOutgoing(
  target: Target,
  outgoing: Outgoing,
  context: OpenContext,
): Promise<Opened> {
  const { facts, settings, sweep, intent } = context
  const attempt = new AbortController()
  const unlink = onAbort(context.signal, () => attempt.abort(context.signal.reason))
  const sentAtMs = nowMs()
  facts.sentAtMs = sentAtMs
  const forgetHeaders = headersClock(settings.headersTimeoutMs, intent.body, sweep, () =>
    attempt.abort(new GatewayError('upstream_header_timeout')),
  )
  let forgetFirstToken = (): void => {}
  let answered = false
  try {
    const response = await send(target, outgoing, context, attempt)
    answered = true
    facts.headersAtMs = nowMs()
    forgetHeaders()
    forgetFirstToken = sweep.after(settings.firstTokenTimeoutMs - (nowMs() - sentAtMs), () =>
      attempt.abort(new GatewayError('upstream_first_token_timeout')),
    )
    const cancel = (): void => {
      unlink()
      // Aborting is what closes the socket; cancelling the reader alone may leave it.
      attempt.abort(new GatewayError('client_gone'))
    }
    const { dial, answer: translated } = outgoing
    const sent = { target, protocol: dial.protocol, translated }
    const owner = {
      sweep,
      cancel,
      finished: unlink,
      contentSeen: forgetFirstToken,
      counted: (usage: Usage) => facts.useUsage(usage),
      fail: (error: GatewayError) => attempt.abort(error),
    }
    return await acceptAnswer(response, sent, context, owner)
  } catch (thrown) {
    const failure = connectionFailure(thrown, attempt.signal, answered)
    unlink()
    attempt.abort(failure)
    throw failure
  } finally {
    forgetHeaders()
    forgetFirstToken()
    facts.waitMs += nowMs() - sentAtMs
  }
}

async function send(
  target: Target,
  outgoing: Outgoing,
  context: OpenContext,
  attempt: AbortController,
): Promise<Response> {
  const { request, proxy, reach, freshSocket, facts } = context
  const { signal } = attempt
  const { method } = request
  const { provider } = target
  const { path, search } = outgoing.dial
  const headers = headersForProvider(request.headers)
  tellTrace(headers, facts.trace, facts.spanId)
  if (outgoing.isJson) headers.set('content-type', 'application/json')
  if (provider.answer !== undefined) {
    const body = await outgoing.collect()
    return provider.answer({ method, path, search, headers, signal }, body)
  }
  const url = provider.url(path, search)
  const body = outgoing.open()
  const { lengthBytes } = outgoing
  if (body instanceof ReadableStream && lengthBytes !== null) {
    // Some providers refuse an upload whose length they are not told.
    headers.set('content-length', String(lengthBytes))
  }
  const signed = provider.authorize(headers, {
    method,
    url,
    body: body instanceof Uint8Array ? body : null,
  })
  if (signed !== undefined) await signed
  const options: BunFetchRequestInit = {
    method,
    headers,
    body,
    signal,
    // A redirect would carry the operator's key to wherever it points.
    redirect: 'manual',
    // The runtime's own decoding has no bound (`decoding.ts`).
    decompress: false,
    keepalive: !freshSocket,
    // Bun's own timer is coarse and would cut silent streams; ours are the sweep's.
    timeout: false,
    // Without this the usual *_PROXY variables would be obeyed, even for loopback addresses.
    proxy: proxy ?? false,
  }
  // Behind a proxy the address is the proxy's to reach.
  const forgetReach =
    proxy === null
      ? reach.watch(url, () => attempt.abort(new GatewayError('upstream_connect_timeout')))
      : () => {}
  try {
    const response = await fetch(url, options)
    reach.answered(url)
    return response
  } finally {
    forgetReach()
  }
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
