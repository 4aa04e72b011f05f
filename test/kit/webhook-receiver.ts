/** A webhook's receiver: it checks signatures with the library, and answers as a test says. */
import { Webhook } from 'standardwebhooks'

/** One message that came. */
export interface Received {
  readonly id: string
  /** The body, whose signature was right. */
  readonly body: { readonly type: string; readonly data: Readonly<Record<string, unknown>> }
  readonly contentType: string | null
}

/** A running receiver. */
export interface Receiver extends AsyncDisposable {
  readonly url: string
  /** Every message, in the order in which they came, those that were answered with an error too. */
  readonly received: Received[]
  /** What was wrong with those that are not among them. */
  readonly faults: string[]
}

/** @param answer by how many came before; 200 where there is none. */
export function startReceiver(
  secret: string,
  answer: (before: number) => Response | Promise<Response> = () => new Response(),
): Receiver {
  const webhook = secret.startsWith('whsec_')
    ? new Webhook(secret)
    : new Webhook(secret, { format: 'raw' })
  const received: Received[] = []
  const faults: string[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const text = await request.text()
      const headers = Object.fromEntries(request.headers)
      try {
        const body = webhook.verify(text, headers) as Received['body']
        const contentType = request.headers.get('content-type')
        received.push({ id: headers['webhook-id'] ?? '', body, contentType })
      } catch (thrown) {
        faults.push(`${request.method} ${request.url}: ${thrown}`)
      }
      return await answer(received.length - 1)
    },
  })
  return {
    url: `${server.url}hook?token=of-the-address`,
    received,
    faults,
    [Symbol.asyncDispose]: () => server.stop(true),
  }
}
