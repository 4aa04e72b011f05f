/** Writes the stream of a chat completion as OpenAI's own server would (reference, 13). */
import { isObject } from '../../core/json.ts'
import type { HubEvent } from '../hub/events.ts'
import type { ChunkNames } from '../openai/chunk-write.ts'
import { ChunkStreamWriter } from '../openai/stream-write.ts'
import type { AnswerContext } from '../translation.ts'
import { ChoiceWrite } from './choice-write.ts'
import { callsFunctions, callsOtherwise } from './functions.ts'

const names: ChunkNames = { object: 'chat.completion.chunk', idPrefix: 'chatcmpl-' }

/** The writer of one stream. */
export class ChatStreamWriter extends ChunkStreamWriter<ChoiceWrite> {
  readonly #asFunction: boolean

  constructor(context: AnswerContext) {
    super(names, context, callsOtherwise(context.request) ? null : 'openai-chat')
    this.#asFunction = callsFunctions(context.request)
  }

  protected begin(index: number): ChoiceWrite {
    return new ChoiceWrite(index, this.#asFunction, (json) => this.out.choice(json))
  }

  /** Said again where it is this dialect's own; nobody here would understand another's. */
  protected raw({ choice, native }: Extract<HubEvent, { type: 'raw' }>): void {
    if (native.dialect !== 'openai-chat' || !isObject(native.value)) return
    const { delta, chunk } = native.value
    if (isObject(delta)) this.choice(choice).own(delta)
    if (isObject(chunk)) this.out.fields(chunk)
  }
}
