/** Writes the stream of a chat completion as OpenAI's own server would (reference, 13). */
import { isObject } from '../../core/json.ts'
import type { HubEvent, HubUsage } from '../hub/events.ts'
import { type ChunkNames, ChunkText } from '../openai/chunk-write.ts'
import type { AnswerContext, EventWriter } from '../translation.ts'
import { ChoiceWrite } from './choice-write.ts'
import { callsFunctions } from './functions.ts'

const names: ChunkNames = { object: 'chat.completion.chunk', idPrefix: 'chatcmpl-' }

/** The writer of one stream. */
export class ChatStreamWriter implements EventWriter {
  readonly #out: ChunkText
  readonly #asFunction: boolean
  readonly #choices = new Map<number, ChoiceWrite>()
  #usage: HubUsage | null = null
  #over = false

  constructor(context: AnswerContext) {
    this.#out = new ChunkText(names, context)
    this.#asFunction = callsFunctions(context.request)
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
      case 'usage':
        this.#usage = event.usage
        return
      case 'raw':
        this.#raw(event)
        return
      case 'finish':
        this.#choice(event.choice).finish(event)
        return
      case 'error':
        this.#out.error(event)
        this.#over = true
        return
      case 'end':
        for (const choice of this.#choices.values()) choice.finish(null)
        this.#out.end(this.#usage)
        this.#over = true
        return
      default:
        this.#choice(event.choice).take(event)
    }
  }

  /** Said again where it is this dialect's own; nobody here would understand another's. */
  #raw({ choice, native }: Extract<HubEvent, { type: 'raw' }>): void {
    if (native.dialect !== 'openai-chat' || !isObject(native.value)) return
    const { delta, chunk } = native.value
    if (isObject(delta)) this.#choice(choice).own(delta)
    if (isObject(chunk)) this.#out.fields(chunk)
  }

  #choice(index: number): ChoiceWrite {
    const known = this.#choices.get(index)
    if (known !== undefined) return known
    const made = new ChoiceWrite(index, this.#asFunction, (json) => this.#out.choice(json))
    this.#choices.set(index, made)
    return made
  }
}
