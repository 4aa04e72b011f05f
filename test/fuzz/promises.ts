/** What every reader promises of its events, and every writer of its text. */
import { GatewayError } from '../../src/core/errors.ts'
import { collect } from '../../src/protocol/hub/collect.ts'
import type { HubEvent } from '../../src/protocol/hub/events.ts'
import type { Protocol } from '../../src/protocol/protocol.ts'
import { translationOf } from '../../src/protocol/translation.ts'
import type { Passage } from '../../src/relay/passage.ts'
import { createDeframer } from '../../src/sse/deframe.ts'

/** A promise that was broken, with what was found instead. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise'
}

/** Throws a `BrokenPromise` where `holds` is false. */
export function ensure(holds: boolean, promise: string, found: unknown): void {
  if (holds) return
  const text = typeof found === 'string' ? found : JSON.stringify(found)
  throw new BrokenPromise(`${promise}: ${text?.slice(0, 2000)}`)
}

/** Throws what is no error of ours; nothing for null. */
export function ensureOurs(error: unknown): void {
  if (error !== null && !(error instanceof GatewayError)) throw error
}

/** The events of a whole answer, in any order that `hub/events.ts` allows. */
export function checkWellFormed(events: readonly HubEvent[]): void {
  const last = events.at(-1)?.type
  ensure(last === 'end' || last === 'error', 'the last event is no end', events)
  const begun = new Set<string>()
  const ended = new Set<string>()
  const finished = new Set<number>()
  for (const [index, event] of events.entries()) {
    const { type } = event
    if (type === 'end' || type === 'error') ensure(index === events.length - 1, 'two ends', events)
    if (type === 'start') ensure(index === 0, 'a start in the middle', events)
    else if (index === 0) ensure(type === 'error', 'no start', events)
    if (type === 'tool-start') ensure(event.id !== '', 'a call without an id', events)
    if (type === 'finish') {
      ensure(!finished.has(event.choice), 'a choice finishes twice', events)
      finished.add(event.choice)
    }
    if (!('block' in event)) continue
    const key = `${event.choice} ${event.block}`
    // A source may be told late; nothing else comes behind the end of its block.
    if (type === 'citation' && ended.has(key)) continue
    ensure(!ended.has(key), 'a block goes on behind its end', events)
    if (type === 'block-end') ended.add(key)
    else begun.add(key)
  }
  if (last === 'end') ensure(begun.isSubsetOf(ended), 'a block without an end', events)
}

/** The text of the first choice, refusals included, which some dialects say as text. */
function textOf(events: readonly HubEvent[]): string {
  const [choice] = collect(events).choices.filter(({ index }) => index === 0)
  const parts = choice?.parts ?? []
  const texts = parts.map((part) =>
    part.type === 'text' || part.type === 'refusal' ? part.text : '',
  )
  // Blocks that overlap are put in a row in dialects that have none which do.
  return [...texts.join('')].sort().join('')
}

/**
 * The calls of the first choice, sorted; null where one has no name, or arguments that are no JSON:
 * what a reader makes of such a one is its own affair.
 */
function callsOf(events: readonly HubEvent[]): readonly string[] | null {
  const [choice] = collect(events).choices.filter(({ index }) => index === 0)
  const calls = (choice?.parts ?? []).filter((part) => part.type === 'tool-call')
  const isGood = calls.every((call) => call.name !== '' && (call.custom || isJson(call.arguments)))
  return isGood ? calls.map((call) => `${call.custom} ${call.name} ${call.arguments}`).sort() : null
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Dialects that can say every call with the very arguments that it has. */
const callers: ReadonlySet<string> = new Set(['openai-chat', 'openai-responses'])

function compareAnswers(
  client: Protocol,
  said: readonly HubEvent[],
  read: readonly HubEvent[],
): void {
  const texts = [textOf(said), textOf(read)]
  ensure(texts[0] === texts[1], `${client.name} loses text`, texts)
  const calls = [callsOf(said), callsOf(read)]
  // What is of the same dialect goes along raw, with whatever is wrong with it.
  const isOwn = said.some((event) => event.type === 'raw' && event.native.dialect === client.name)
  if (!callers.has(client.name) || isOwn || calls[0] === null) return
  ensure(Bun.deepEquals(calls[0], calls[1]), `${client.name} changes calls`, calls)
}

/**
 * The text that was written for a client: whole events, which its own dialect reads.
 * @param said what was translated.
 */
export function checkOutput(
  client: Protocol,
  text: string,
  passage: Passage,
  said: readonly HubEvent[],
): void {
  const deframer = createDeframer('sse', 1 << 26)
  const frames = deframer.push(new TextEncoder().encode(text))
  ensure(/^$|\r?\n\r?\n$/.test(text), 'an event is not whole', text.slice(-300))
  const reader = translationOf(client).reader()
  const events: HubEvent[] = []
  for (const { event, data } of frames) {
    if (data !== '[DONE]') JSON.parse(data)
    events.push(...reader.read({ event, data }))
  }
  events.push(...reader.end())
  checkWellFormed(events)
  const isWhole = events.at(-1)?.type === 'end'
  // An end without anything before it is not seen by dialects that have no word for it.
  if (passage.ended && passage.finishReason === null) return
  // A call whose arguments are no object cannot be said to Gemini; its reason says that it failed.
  if (client.name === 'gemini' && text.includes('"MALFORMED_FUNCTION_CALL"')) return
  ensure(isWhole === passage.ended, `${client.name} reads another end`, [passage.error, text])
  const { inputTokens = null, outputTokens = null } = passage.usage ?? {}
  if (isWhole) compareAnswers(client, said, events)
  if (isWhole && inputTokens !== null && outputTokens !== null) {
    ensure(
      events.some(({ type }) => type === 'usage'),
      'the usage is lost',
      text,
    )
  }
}
