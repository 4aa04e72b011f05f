/** A provider that answers with its name, and holds the end of an answer back until it is told. */

/** A running provider. */
export interface NamedProvider {
  readonly url: string
  /** Requests that it got. */
  readonly requests: number
  /** Lets the answers go on whose model is `slow`; without it they wait after their first event. */
  release(): void
  stop(): void
}

const chunk = (content: string, finish: string | null = null): string =>
  `data: ${JSON.stringify({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: finish }],
  })}\n\n`

/** All that a client of `/chat/completions` reads of the provider of this name. */
export const answerOf = (name: string): string =>
  `${chunk(`${name} begins`)}${chunk(`${name} ends`, 'stop')}data: [DONE]\n\n`

/** Starts it. */
export function startNamedProvider(name: string): NamedProvider {
  const released = Promise.withResolvers<void>()
  const encoder = new TextEncoder()
  const first = chunk(`${name} begins`)
  let requests = 0
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    async fetch(request) {
      if (request.method !== 'POST') return Response.json({ object: 'list', data: [] })
      requests++
      const { model } = (await request.json()) as { model: string }
      const body = new ReadableStream<Uint8Array>({
        async start(controller) {
          controller.enqueue(encoder.encode(first))
          if (model === 'slow') await released.promise
          controller.enqueue(encoder.encode(answerOf(name).slice(first.length)))
          controller.close()
        },
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}/v1`,
    get requests() {
      return requests
    },
    release: () => released.resolve(),
    stop: () => void server.stop(true),
  }
}
