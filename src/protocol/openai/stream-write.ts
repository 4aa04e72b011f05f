/** Writes a stream of chunks with `choices`: what chat and completions have in common of it. */
import type { HubEvent, HubUsage } from '../hub/events.ts'
import { frameOf } from '../hub/own-frame.ts'
import type { ProtocolName } from '../names.ts'
import type { AnswerContext, EventWriter } from '../translation.ts'
import { type ChunkNames, ChunkText } from './chunk-write.ts'

/** What one choice can be told before it finishes. */
export type ChoiceEvent = Extract<HubEvent, { readonly choice: number; readonly block: number }>

/** Writes one choice of the stream. */
export interface ChoiceWriter {
  take(event: ChoiceEvent): void
  /** Ends the choice, once; null where the answer ended without a reason. */
  finish(event: Extract<HubEvent, { type: 'finish' }> | null): void
}

/**
 * The writer of one stream. A dialect says how its choices and its own events are written.
 *
 * Where the reader told the provider's own chunks, these are the stream, and what was read of them
 * is not written again: only the end and a failure are, which are never part of a chunk.
 */
export abstract class ChunkStreamWriter<Choice extends ChoiceWriter> implements EventWriter {
  protected readonly out: ChunkText
  readonly #choices = new Map<number, Choice>()
  /** Whose chunks are repeated; null where none are. */
  readonly #own: ProtocolName | null
  #repeats = false
  #usage: HubUsage | null = null
  #over = false

  constructor(names: ChunkNames, context: AnswerContext, own: ProtocolName | null) {
    this.#own = own
    this.out = new ChunkText(names, context)
  }

  write(events: readonly HubEvent[]): string {
    for (const event of events) if (!this.#over) this.#take(event)
    return this.out.take()
  }

  /** The writer of a choice that is heard of for the first time. */
  protected abstract begin(index: number): Choice

  /** What only one dialect understands. */
  protected abstract raw(event: Extract<HubEvent, { type: 'raw' }>): void

  protected choice(index: number): Choice {
    const known = this.#choices.get(index)
    if (known !== undefined) return known
    const made = this.begin(index)
    this.#choices.set(index, made)
    return made
  }

  #take(event: HubEvent): void {
    switch (event.type) {
      case 'start':
        if (this.#choices.size === 0) this.out.head(event)
        return
      case 'usage':
        this.#usage = event.usage
        return
      case 'raw':
        this.#takeRaw(event)
        return
      case 'finish':
        if (!this.#repeats) this.choice(event.choice).finish(event)
        return
      case 'error':
        this.out.error(event)
        this.#over = true
        return
      case 'end':
        this.#end()
        return
      default:
        if (!this.#repeats) this.choice(event.choice).take(event)
    }
  }

  #takeRaw(event: Extract<HubEvent, { type: 'raw' }>): void {
    const frame = this.#own === null ? null : frameOf(event.native, this.#own)
    if (frame !== null) {
      this.#repeats = true
      this.out.repeat(frame)
    } else if (!this.#repeats) {
      this.raw(event)
    }
  }

  #end(): void {
    this.#over = true
    if (this.#repeats) {
      this.out.marker()
      return
    }
    for (const choice of this.#choices.values()) choice.finish(null)
    this.out.end(this.#usage)
  }
}
