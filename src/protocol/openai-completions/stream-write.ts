/** Writes the stream of a legacy completion. */
import type { HubEvent } from '../hub/events.ts'
import type { ChunkNames } from '../openai/chunk-write.ts'
import { writeFinish } from '../openai/finish.ts'
import { type ChoiceEvent, type ChoiceWriter, ChunkStreamWriter } from '../openai/stream-write.ts'
import type { AnswerContext } from '../translation.ts'
import { LogprobsWrite } from './logprobs.ts'

const names: ChunkNames = { object: 'text_completion', idPrefix: 'cmpl-' }

type Finish = Extract<HubEvent, { type: 'finish' }>

/** One answer: its text, and whether it has ended. */
class CompletionChoice implements ChoiceWriter {
  readonly #index: number
  readonly #say: (json: string) => void
  readonly #logprobs = new LogprobsWrite()
  #finished = false

  constructor(index: number, say: (json: string) => void) {
    this.#index = index
    this.#say = say
  }

  take(event: ChoiceEvent): void {
    if (this.#finished || (event.type !== 'text-delta' && event.type !== 'refusal')) return
    if (event.text === '' && !event.logprobs) return
    const scores = JSON.stringify(event.logprobs ? this.#logprobs.write(event.logprobs) : null)
    this.#chunk(JSON.stringify(event.text), scores, 'null')
  }

  finish(event: Finish | null): void {
    if (this.#finished) return
    this.#finished = true
    this.#chunk('""', 'null', `"${finishWord(event?.reason ?? 'stop')}"`)
  }

  #chunk(text: string, logprobs: string, reason: string): void {
    const place = `"index":${this.#index}`
    this.#say(`{"text":${text},${place},"logprobs":${logprobs},"finish_reason":${reason}}`)
  }
}

/** The writer of one stream. Text is all that this dialect has; the rest is left out. */
export class CompletionStreamWriter extends ChunkStreamWriter<CompletionChoice> {
  constructor(context: AnswerContext) {
    super(names, context, 'openai-completions')
  }

  protected begin(index: number): CompletionChoice {
    return new CompletionChoice(index, (json) => this.out.choice(json))
  }

  protected raw(): void {}
}

/** There are no tools here, so nothing ends with a call. */
export function finishWord(reason: Finish['reason']): string {
  return reason === 'tool-calls' ? 'stop' : writeFinish(reason)
}
