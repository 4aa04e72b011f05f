/**
 * Puts back what `function-tools.ts` did: calls of functions that stand in for custom tools of the
 * request become calls with free text, in streams and in whole answers.
 */
import type { AnswerContext, EventWriter } from '../translation.ts'
import type { HubEvent } from './events.ts'
import { FreeText } from './free-text.ts'
import type { HubRequest } from './request.ts'

/** A writer that tells the custom calls of the answer as such. */
export function tellingCustomCalls(
  writer: EventWriter,
  { request }: Pick<AnswerContext, 'request'>,
): EventWriter {
  const names = customNames(request)
  if (names.size === 0) return writer
  const calls = new CustomCalls(names)
  return {
    write: (events) => writer.write(events.flatMap((event) => calls.take(event))),
    countFrom: (sequenceNumber) => writer.countFrom?.(sequenceNumber),
  }
}

/** The events of a whole answer, with its custom calls as such. */
export function withCustomCalls(
  events: readonly HubEvent[],
  { request }: Pick<AnswerContext, 'request'>,
): readonly HubEvent[] {
  const names = customNames(request)
  if (names.size === 0) return events
  const calls = new CustomCalls(names)
  return events.flatMap((event) => calls.take(event))
}

/** The names that only custom tools have. */
function customNames({ tools }: HubRequest): ReadonlySet<string> {
  const names = new Set<string>()
  for (const tool of tools) if (tool.type === 'custom') names.add(tool.name)
  for (const tool of tools) if (tool.type === 'function') names.delete(tool.name)
  return names
}

interface OpenCall {
  readonly choice: number
  readonly block: number
  readonly text: FreeText
}

/** The calls of one answer. One that the provider itself calls custom stays as it is. */
class CustomCalls {
  readonly #names: ReadonlySet<string>
  readonly #open = new Map<string, OpenCall>()

  constructor(names: ReadonlySet<string>) {
    this.#names = names
  }

  /** What `event` is where free text is meant. */
  take(event: HubEvent): readonly HubEvent[] {
    switch (event.type) {
      case 'tool-start': {
        if (event.custom || !this.#names.has(event.name)) return [event]
        const { choice, block } = event
        this.#open.set(keyOf(event), { choice, block, text: new FreeText() })
        return [{ ...event, custom: true }]
      }
      case 'tool-delta': {
        const open = this.#open.get(keyOf(event))
        if (open === undefined) return [event]
        return said(open, open.text.push(event.arguments))
      }
      case 'block-end':
        return this.#end(event)
      case 'finish':
        return [...this.#settle((choice) => choice === event.choice), event]
      case 'end':
        return [...this.#settle(() => true), event]
      default:
        return [event]
    }
  }

  /** A text that was cut off stays open: how it ended is for the reason to tell. */
  #end(event: Extract<HubEvent, { readonly type: 'block-end' }>): readonly HubEvent[] {
    const key = keyOf(event)
    const open = this.#open.get(key)
    if (open === undefined) return [event]
    this.#open.delete(key)
    const rest = said(open, open.text.end())
    return open.text.isCut ? rest : [...rest, event]
  }

  #settle(isEnded: (choice: number) => boolean): readonly HubEvent[] {
    const ended = [...this.#open].filter(([, { choice }]) => isEnded(choice))
    for (const [key] of ended) this.#open.delete(key)
    return ended.flatMap(([, open]) => said(open, open.text.end()))
  }
}

function said({ choice, block }: OpenCall, text: string): readonly HubEvent[] {
  return text === '' ? [] : [{ type: 'tool-delta', choice, block, arguments: text }]
}

function keyOf({ choice, block }: { readonly choice: number; readonly block: number }): string {
  return `${choice} ${block}`
}
