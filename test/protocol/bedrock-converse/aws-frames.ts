/** Messages of AWS's event stream for tests, made by the codec of the official SDK. */
import { EventStreamCodec } from '@smithy/eventstream-codec'

const codec = new EventStreamCodec(
  (bytes) => new TextDecoder().decode(bytes as Uint8Array),
  (text) => new TextEncoder().encode(text),
)

/** One message: an event, an exception, or an error without a body. */
export function awsMessage(
  kind: 'event' | 'exception' | 'error',
  type: string,
  payload: unknown,
): Uint8Array {
  const text = (value: string) => ({ type: 'string' as const, value })
  const names = {
    event: { ':event-type': text(type), ':content-type': text('application/json') },
    exception: { ':exception-type': text(type), ':content-type': text('application/json') },
    error: { ':error-code': text(type), ':error-message': text(String(payload)) },
  }
  const body =
    kind === 'error' ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(payload))
  return codec.encode({ headers: { ':message-type': text(kind), ...names[kind] }, body })
}

/** Events of a union, `{"contentBlockDelta": {...}}`, as a body of messages. */
export function awsBody(unions: readonly object[]): Uint8Array {
  const messages = unions.flatMap((union) =>
    Object.entries(union).map(([type, payload]) => awsMessage('event', type, payload)),
  )
  return new Uint8Array(Buffer.concat(messages))
}
