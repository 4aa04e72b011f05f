/**
 * Takes down what is asked and answered, where an operator wants that in the spans. It stands
 * beside the way of a request: what it cannot read, or what is too large, is not taken down.
 */
import { isObject } from '../../core/json.ts'
import type { CapturedContent } from '../../observe/content.ts'
import type { Exchange } from '../../observe/exchange.ts'
import { translationOf } from '../../protocol/translation.ts'
import type { Call, Intent, Opened } from '../../provider/call.ts'
import { AnswerContent } from './answer.ts'
import { inputText } from './messages.ts'

/** Keeps what was taken down of a request, for as long as its record is there. */
export type KeepContent = (exchange: Exchange, content: CapturedContent) => void

/** The content of one request. */
class Content implements CapturedContent {
  readonly input: string | null
  readonly answer = new AnswerContent()

  constructor(input: string | null) {
    this.input = input
  }

  get output(): string | null {
    return this.answer.text()
  }
}

/** Takes down the content of the requests whose spans are kept. */
export class ContentCapture {
  readonly #keep: KeepContent
  readonly #contents = new WeakMap<Exchange, Content>()

  constructor(keep: KeepContent) {
    this.#keep = keep
  }

  /** Takes down what is asked; the first call for a request counts. */
  asked(exchange: Exchange, call: Call, { body }: Intent): void {
    if (exchange.trace?.isSampled !== true || this.#contents.has(exchange)) return
    if (call.protocol.translation === null || call.aside !== undefined) return
    const content = new Content(body?.bytes ? readInput(body.bytes, call) : null)
    this.#contents.set(exchange, content)
    this.#keep(exchange, content)
  }

  /** The answer, which is taken down as it passes. @param goesOn it goes on with another one. */
  answered(exchange: Exchange, opened: Opened, goesOn: boolean): Opened {
    return this.#contents.get(exchange)?.answer.listening(opened, goesOn) ?? opened
  }
}

function readInput(bytes: Uint8Array, { protocol, says }: Call): string | null {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (!isObject(parsed)) return null
    const path = says ?? { model: null, stream: null }
    return inputText(translationOf(protocol).readRequest(parsed, path).messages)
  } catch {
    // A request that is wrong is told so by whoever answers it.
    return null
  }
}
