/** Writes a stream of chunks with `choices`: what chat and completions have in common of it. */
import type { HubEvent, HubUsage } from '../hub/events.ts'
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

/** The writer of one stream. A dialect says how its choices and its own events are written. */
export abstract class ChunkStreamWriter<Choice extends ChoiceWriter> implements EventWriter {
  protected readonly out: ChunkText
  readonly #choices = new Map<number, Choice>()
  #usage: HubUsage | null = null
  #over = false

  constructor(names: ChunkNames, context: AnswerContext) {
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
        this.raw(event)
        return
      case 'finish':
        this.choice(event.choice).finish(event)
        return
      case 'error':
        this.out.error(event)
        this.#over = true
        return
      case 'end':
        for (const choice of this.#choices.values()) choice.finish(null)
        this.out.end(this.#usage)
        this.#over = true
        return
      default:
        this.choice(event.choice).take(event)
    }
  }
}
