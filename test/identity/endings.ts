/**
 * What has to come out for what goes in. A stream that ends as its protocol ends leaves as the
 * very same bytes; one that does not must never look as if it had (rule 1 of the design).
 */
import { expect } from 'bun:test'
import type { EndReason } from '../../src/observe/exchange.ts'
import { parseSse } from '../kit/sse.ts'
import { sha256 } from './random.ts'
import type { Replayed } from './stand.ts'

/**
 * How a stream ends.
 * - `proper`: with its protocol's own end. The same bytes.
 * - `no end marker`: finished, but nobody said so. The same bytes and the missing `[DONE]`.
 * - `unfinished`: neither. The same bytes and an error event, and no end marker ever.
 * - `own error`: with the provider's own error after content. The same bytes, nothing added.
 */
export type Ending = 'proper' | 'no end marker' | 'unfinished' | 'own error'

const endReasons: Readonly<Record<Ending, EndReason>> = {
  proper: 'completed',
  'no end marker': 'completed',
  unfinished: 'upstream_truncated',
  'own error': 'upstream_error',
}

const doneEvent = new TextEncoder().encode('data: [DONE]\n\n')

/** Whether the bytes end as a protocol of the OpenAI family ends, found without the program. */
export function endsProperly(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes)
  if (!/(\n\n|\r\n\r\n|\r\r)$/.test(text)) return false
  const last = parseSse(bytes)
    .filter((event) => event.kind === 'event')
    .at(-1)
  if (last === undefined || last.data === '[DONE]') return last !== undefined
  const { type }: { readonly type?: unknown } = JSON.parse(last.data)
  return type === 'response.completed' || type === 'response.incomplete'
}

/** Holds what came out against what went in. `note` is printed with a failure. */
export function expectEnding(
  { response, exchange }: Replayed,
  bytes: Uint8Array,
  ending: Ending,
  note: string,
): void {
  const out = response.body()
  expect([note, response.status, response.ending]).toEqual([note, 200, 'complete'])
  expect(response.header('content-type')).toBe('text/event-stream; charset=utf-8')
  expect([note, exchange.endReason]).toEqual([note, endReasons[ending]])
  expect([note, exchange.droppedEvents, exchange.heartbeats]).toEqual([note, 0, 0])
  expect([note, sha256(out.subarray(0, bytes.length))]).toEqual([note, sha256(bytes)])
  expectAddition(out.subarray(bytes.length), ending, note)
}

function expectAddition(addition: Uint8Array, ending: Ending, note: string): void {
  if (ending === 'proper' || ending === 'own error') {
    expect([note, addition.length]).toEqual([note, 0])
    return
  }
  if (ending === 'no end marker') {
    expect([note, sha256(addition)]).toEqual([note, sha256(doneEvent)])
    return
  }
  expect([note, new TextDecoder().decode(addition).endsWith('\n\n')]).toEqual([note, true])
  const events = parseSse(addition)
  expect([note, events.length]).toEqual([note, 1])
  const data: unknown = JSON.parse(events[0]?.data ?? 'null')
  expect([note, data]).toMatchObject([note, { error: { code: 'upstream_incomplete' } }])
}
