/** Reads an answer along as it passes, and keeps the beginning of what it says. */
import { isObject } from '../../core/json.ts'
import type { HubEvent } from '../../protocol/hub/events.ts'
import { translationOf } from '../../protocol/translation.ts'
import type { BodyReader, Opened } from '../../provider/call.ts'
import { createDeframer } from '../../sse/deframe.ts'
import { type ContentPart, finishReasonOf, Room } from './messages.ts'

/** A larger event is not read. */
const EVENT_BYTES_MAX = 1024 * 1024

/** One block of an answer. */
interface Block {
  readonly type: 'text' | 'reasoning' | 'tool_call'
  readonly id?: string
  readonly name?: string
  text: string
}

/** What one choice of an answer said. */
interface Choice {
  readonly blocks: Map<number, Block>
  finish: string | null
}

/** The answers of one request. */
export class AnswerContent {
  #room = new Room()
  #choices = new Map<number, Choice>()

  /** The answer, which tells this what passes. @param goesOn it goes on with another one's text. */
  listening(opened: Opened, goesOn: boolean): Opened {
    if (opened.protocol.translation === null) return opened
    if (!goesOn) {
      this.#choices = new Map()
      this.#room = new Room()
    }
    if (!opened.isEventStream) {
      if (opened.reader === null) this.#readWhole(opened)
      return opened
    }
    const look = this.#lookerAt(opened)
    for (const chunk of opened.head) look(chunk)
    const { reader } = opened
    return reader === null ? opened : { ...opened, reader: listeningReader(reader, look) }
  }

  /** The messages as a JSON text; null where nothing was said. */
  text(): string | null {
    if (this.#choices.size === 0) return null
    const messages = [...this.#choices.values()].map(({ blocks, finish }) => ({
      role: 'assistant',
      parts: [...blocks.values()].map(partOf),
      finish_reason: finish ?? 'error',
    }))
    return JSON.stringify(messages)
  }

  #lookerAt({ protocol }: Opened): (chunk: Uint8Array) => void {
    const deframer = createDeframer(protocol.framing, EVENT_BYTES_MAX)
    const reader = translationOf(protocol).reader()
    let isOver = false
    return (chunk) => {
      if (isOver) return
      try {
        for (const frame of deframer.push(chunk)) this.#note(reader.read(frame))
      } catch {
        // What this cannot read may well be read by the client.
        isOver = true
      }
    }
  }

  #readWhole({ head, protocol }: Opened): void {
    try {
      const body: unknown = JSON.parse(new TextDecoder().decode(Buffer.concat(head)))
      if (isObject(body)) this.#note(translationOf(protocol).readResponse(body))
    } catch {
      // A body that is none of the dialect is told to the client as it is.
    }
  }

  #note(events: readonly HubEvent[]): void {
    for (const event of events) {
      switch (event.type) {
        case 'text-delta':
        case 'refusal':
          this.#say(event, 'text', event.text)
          break
        case 'reasoning-delta':
          this.#say(event, 'reasoning', event.text)
          break
        case 'tool-start': {
          const { id, name } = event
          if (this.#room.isFull) break
          this.#choice(event.choice).blocks.set(event.block, {
            type: 'tool_call',
            id,
            name,
            text: '',
          })
          break
        }
        case 'tool-delta':
          this.#say(event, 'tool_call', event.arguments)
          break
        case 'finish':
          this.#choice(event.choice).finish = finishReasonOf(event.reason)
          break
      }
    }
  }

  #say(
    { choice, block }: { readonly choice: number; readonly block: number },
    type: Block['type'],
    said: string,
  ): void {
    if (this.#room.isFull) return
    const { blocks } = this.#choice(choice)
    const known = blocks.get(block) ?? { type, text: '' }
    known.text += this.#room.take(said)
    blocks.set(block, known)
  }

  #choice(index: number): Choice {
    const known = this.#choices.get(index) ?? { blocks: new Map(), finish: null }
    this.#choices.set(index, known)
    return known
  }
}

function partOf({ type, id, name, text }: Block): ContentPart {
  return type === 'tool_call' ? { type, id, name, arguments: text } : { type, content: text }
}

function listeningReader(reader: BodyReader, look: (chunk: Uint8Array) => void): BodyReader {
  return {
    async read() {
      const read = await reader.read()
      if (read.value !== undefined) look(read.value)
      return read
    },
    cancel: (reason) => reader.cancel(reason),
  }
}
