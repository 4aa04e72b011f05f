/** Writes the stream of a legacy completion. */
import type { HubEvent, HubUsage } from '../hub/events.ts'
import { type ChunkNames, ChunkText } from '../openai/chunk-write.ts'
import { writeFinish } from '../openai/finish.ts'
import type { AnswerContext, EventWriter } from '../translation.ts'
import { LogprobsWrite } from './logprobs.ts'

const names: ChunkNames = { object: 'text_completion', idPrefix: 'cmpl-' }

/** One answer: its text, and whether it has ended. */
interface Choice {
  readonly logprobs: LogprobsWrite
  finished: boolean
}

/** The writer of one stream. Text is all that this dialect has; the rest is left out. */
export class CompletionStreamWriter implements EventWriter {
  readonly #out: ChunkText
  readonly #choices = new Map<number, Choice>()
  #usage: HubUsage | null = null
  #over = false

  constructor(context: AnswerContext) {
    this.#out = new ChunkText(names, context)
  }

  write(events: readonly HubEvent[]): string {
    for (const event of events) if (!this.#over) this.#take(event)
    return this.#out.take()
  }

  #take(event: HubEvent): void {
    switch (event.type) {
      case 'start':
        if (this.#choices.size === 0) this.#out.head(event)
        return
      case 'text-delta':
      case 'refusal':
        this.#text(event)
        return
      case 'usage':
        this.#usage = event.usage
        return
      case 'finish':
        this.#finish(event.choice, finishWord(event.reason))
        return
      case 'error':
        this.#out.error(event)
        this.#over = true
        return
      case 'end':
        for (const index of this.#choices.keys()) this.#finish(index, 'stop')
        this.#out.end(this.#usage)
        this.#over = true
        return
      default:
    }
  }

  #text(event: Extract<HubEvent, { type: 'text-delta' | 'refusal' }>): void {
    const choice = this.#choice(event.choice)
    if (choice.finished || (event.text === '' && !event.logprobs)) return
    const logprobs = event.logprobs ? choice.logprobs.write(event.logprobs) : null
    const text = JSON.stringify(event.text)
    const scores = JSON.stringify(logprobs)
    const { choice: index } = event
    this.#out.choice(`{"text":${text},"index":${index},"logprobs":${scores},"finish_reason":null}`)
  }

  #finish(index: number, word: string): void {
    const choice = this.#choice(index)
    if (choice.finished) return
    choice.finished = true
    this.#out.choice(`{"text":"","index":${index},"logprobs":null,"finish_reason":"${word}"}`)
  }

  #choice(index: number): Choice {
    const known = this.#choices.get(index)
    if (known !== undefined) return known
    const made = { logprobs: new LogprobsWrite(), finished: false }
    this.#choices.set(index, made)
    return made
  }
}

/** There are no tools here, so nothing ends with a call. */
export function finishWord(reason: Extract<HubEvent, { type: 'finish' }>['reason']): string {
  return reason === 'tool-calls' ? 'stop' : writeFinish(reason)
}
