/** What keeps a quiet stream's connection. */
import type { Exchange } from '../observe/exchange.ts'
import { commentOf } from '../protocol/comment.ts'
import type { Protocol } from '../protocol/protocol.ts'

/** A heartbeat; while the request waits for its turn, with its place in the queue. */
export function heartbeatOf(protocol: Protocol, { queuePosition }: Exchange): string {
  const place = queuePosition?.() ?? 0
  if (place === 0) return protocol.heartbeat
  return `${commentOf(protocol, `queued position=${place}`)}${protocol.heartbeat}`
}
