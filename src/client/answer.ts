/** The answer as far as it has come: the fold of a stream's events. */
import { StreamError } from './error.ts'
import type { FinishReason, StreamEvent, Usage } from './events.ts'

/** A tool that the model wants to be called. */
export interface ToolCall {
  /** Empty where the provider gives none. */
  readonly id: string
  readonly name: string
  /** JSON, once the answer has finished; a beginning of it before. */
  readonly arguments: string
}

/** What has been said. */
export interface Answer {
  readonly id: string | null
  readonly model: string | null
  readonly content: string
  readonly reasoning: string
  readonly toolCalls: readonly ToolCall[]
  /** Whether the content is, or has in it, a refusal. */
  readonly isRefusal: boolean
  readonly usage: Usage | null
  /** Null until it has finished; an answer that broke off never does. */
  readonly finishReason: FinishReason | null
  /** The provider's own word for it. */
  readonly nativeFinishReason: string | null
}

/** Before anything was said. */
export const emptyAnswer: Answer = {
  id: null,
  model: null,
  content: '',
  reasoning: '',
  toolCalls: [],
  isRefusal: false,
  usage: null,
  finishReason: null,
  nativeFinishReason: null,
}

type Draft = { -readonly [Key in keyof Answer]: Answer[Key] }

/** Folds events. Objects of what did not change stay the same, so that views can compare them. */
export class AnswerFold {
  readonly #charsMax: number
  readonly #draft: Draft = { ...emptyAnswer }
  readonly #calls: ToolCall[] = []
  #chars = 0
  #snapshot: Answer | null = emptyAnswer
  #callsChanged = false

  /** @param charsMax of content, reasoning and arguments together. */
  constructor(charsMax: number) {
    this.#charsMax = charsMax
  }

  /** The answer as it is now; the same object until something changes. */
  get answer(): Answer {
    if (this.#callsChanged) this.#draft.toolCalls = this.#calls.slice()
    this.#callsChanged = false
    this.#snapshot ??= { ...this.#draft }
    return this.#snapshot
  }

  /** Takes one event in. @throws StreamError `too_large` */
  take(event: StreamEvent): void {
    const draft = this.#draft
    switch (event.type) {
      case 'start':
        draft.id = event.id ?? draft.id
        draft.model = event.model ?? draft.model
        break
      case 'content':
        this.#grow(event.text.length)
        draft.content += event.text
        draft.isRefusal ||= event.isRefusal
        break
      case 'reasoning':
        this.#grow(event.text.length)
        draft.reasoning += event.text
        break
      case 'tool-call':
        this.#takeCall(event)
        break
      case 'usage':
        draft.usage = event.usage
        break
      case 'finish':
        draft.finishReason = event.reason
        draft.nativeFinishReason = event.native
        break
      default:
        return
    }
    this.#snapshot = null
  }

  #takeCall(event: Extract<StreamEvent, { type: 'tool-call' }>): void {
    this.#grow(event.arguments.length)
    const known = this.#calls[event.index]
    this.#calls[event.index] = {
      id: event.id ?? known?.id ?? '',
      name: event.name ?? known?.name ?? '',
      arguments: (known?.arguments ?? '') + event.arguments,
    }
    this.#callsChanged = true
  }

  #grow(chars: number): void {
    this.#chars += chars
    if (this.#chars > this.#charsMax) throw new StreamError('too_large', 'The answer is too long.')
  }
}
