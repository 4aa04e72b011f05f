/** Chunks of compatible providers, and what is read of them. */
import type { GatewayError } from '../../../src/core/errors.ts'
import { collect } from '../../../src/protocol/hub/collect.ts'
import type { HubEvent } from '../../../src/protocol/hub/events.ts'
import { readChatStream } from '../../../src/protocol/openai-chat/stream-read.ts'
import { eventsOf, streamOf } from './stand.ts'

/** A chunk with one choice. */
export const chunk = (delta: unknown, rest: object = {}, choice: object = {}): object => ({
  ...{ id: 'c1', object: 'chat.completion.chunk', created: 7, model: 'm' },
  choices: [{ index: 0, delta, ...choice }],
  ...rest,
})

/** The finish of the choice. */
export const stop = (reason = 'stop', rest: object = {}): object =>
  chunk({}, rest, { finish_reason: reason })

/** A chunk of `tool_calls`. */
export const call = (...calls: readonly object[]): object => chunk({ tool_calls: calls })

/** Everything that is read of a body with these events. */
export const read = (...data: readonly unknown[]): HubEvent[] =>
  eventsOf(readChatStream(), [streamOf(...data)])

/** What the first choice amounts to. */
export function only(events: readonly HubEvent[]) {
  const [choice] = collect(events).choices
  return { parts: choice?.parts ?? [], finish: choice?.finish ?? null }
}

/** The failure that the events end with. */
export function errorOf(events: readonly HubEvent[]): GatewayError | null {
  const last = events.at(-1)
  return last?.type === 'error' ? last.error : null
}
