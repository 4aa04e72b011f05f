/**
 * The way of a stream that is translated: provider's bytes, frames, hub events, the client's text.
 * One text leaves for each chunk that came.
 */
import { nowMs } from '../core/clock.ts'
import { GatewayError } from '../core/errors.ts'
import type { Exchange } from '../observe/exchange.ts'
import type { HubEvent } from '../protocol/hub/events.ts'
import type { Protocol, Usage } from '../protocol/protocol.ts'
import {
  type AnswerContext,
  type EventReader,
  type EventWriter,
  translationOf,
} from '../protocol/translation.ts'
import { createDeframer } from '../sse/deframe.ts'
import type { Deframer, Frame } from '../sse/frame.ts'
import type { Editor } from './editor.ts'
import type { Passage } from './passage.ts'

/** Kinds of events that the user sees or a tool gets. */
const content: ReadonlySet<HubEvent['type']> = new Set([
  'text-delta',
  'reasoning-delta',
  'tool-start',
  'tool-delta',
  'refusal',
])

/** Behind one of these nothing is left that could be missed. Not every end has a finish. */
const over: ReadonlySet<HubEvent['type']> = new Set(['finish', 'end', 'error'])

/** What a translator gets where answers may be gone on with. */
export interface EditedBy {
  readonly editor: Editor
  /** The one that has written the stream so far; without it the translator makes its own. */
  readonly writer?: EventWriter
  /** Who speaks to the client until something of this answer was said. */
  readonly before?: Passage
}

/** The translator of one stream. */
export class Translator implements Passage {
  readonly #deframer: Deframer
  readonly #reader: EventReader
  readonly #writer: EventWriter
  readonly #editor: Editor | null
  readonly #before: Passage | null
  readonly #exchange: Exchange
  readonly #encoder = new TextEncoder()
  #finished = false
  /** What was to be said when the provider's bytes broke off in the same chunk. */
  #unsaid = ''

  readonly atBoundary = true
  ended = false
  lastEventAtMs = nowMs()
  error: GatewayError | null = null
  usage: Usage | null = null
  finishReason: string | null = null

  constructor(
    provider: Protocol,
    client: Protocol,
    context: AnswerContext,
    exchange: Exchange,
    bytesMax: number,
    edited: EditedBy | null = null,
  ) {
    this.#deframer = createDeframer(provider.framing, bytesMax)
    // Frames of the client's own dialect would be repeated as they are, and could not be joined.
    this.#reader = translationOf(provider).reader(edited === null ? client.name : undefined)
    this.#writer = edited?.writer ?? translationOf(client).writer(context)
    this.#editor = edited?.editor ?? null
    this.#before = edited?.before ?? null
    this.#exchange = exchange
  }

  /** The one that another answer's translator goes on with. */
  get writer(): EventWriter {
    return this.#writer
  }

  get held(): GatewayError | null {
    return this.#editor?.held ?? null
  }

  get complete(): boolean {
    return this.ended || this.#finished || this.#reader.finished === true || this.error !== null
  }

  take(chunk: Uint8Array): readonly Uint8Array[] {
    if (this.ended || this.error !== null) return []
    return this.#write(this.#deframer.push(chunk), true)
  }

  settle(): void {}

  finish(): readonly Uint8Array[] {
    if (this.ended || this.error !== null) return []
    // An event that the end cut off is no event; whether it is missed shows below.
    const segments = this.#write(this.#deframer.end(), false)
    if (this.ended || this.error !== null || this.held !== null) return segments
    const rest = this.#reader.end()
    const failure = rest.find((event) => event.type === 'error')
    // What was still to be said goes with the error, in one piece.
    if (failure === undefined && !rest.some((event) => event.type === 'end')) {
      throw new GatewayError('upstream_incomplete')
    }
    return [...segments, ...this.#encode(this.#say(rest))]
  }

  /** Also says what the writer had to say before it threw; an error it takes without throwing. */
  errorEvent(error: GatewayError, requestId = ''): string {
    if (this.#before !== null && this.#editor?.isJoined === false) {
      return this.#before.errorEvent(error, requestId)
    }
    return this.#unsaid + this.#writer.write([{ type: 'error', error }])
  }

  #write(frames: readonly Frame[], areWhole: boolean): readonly Uint8Array[] {
    if (frames.length === 0) return []
    const arrivedAtMs = nowMs()
    this.lastEventAtMs = arrivedAtMs
    const exchange = this.#exchange
    if (exchange.firstEventAtMs === 0) exchange.firstEventAtMs = arrivedAtMs
    exchange.events += frames.length
    const events: HubEvent[] = []
    for (const frame of frames) {
      const read = this.#reader.read(frame)
      const isBroken = areWhole && read.length === 0 && isBrokenJson(frame.data)
      if (isBroken && !this.#isOverWith(events)) return this.#encode(this.#breakOff(events))
      for (const event of read) events.push(event)
    }
    return this.#encode(this.#say(events))
  }

  /**
   * What a broken event said cannot be said, and an answer without it would look whole (reliability
   * 3.3, row 33). Behind the finish there is nothing left that could be missed.
   */
  #breakOff(events: readonly HubEvent[]): string {
    const said = this.#say(events)
    const failure = new GatewayError('upstream_protocol_error')
    if (this.#editor?.hold(failure)) return said
    this.#unsaid = said
    throw failure
  }

  #isOverWith(events: readonly HubEvent[]): boolean {
    return this.complete || events.some(({ type }) => over.has(type))
  }

  #say(read: readonly HubEvent[]): string {
    const editor = this.#editor
    const events = editor === null ? read : editor.edit(read, this.complete)
    // The writer first: where it throws, an end in these events was not told and is none.
    const text = this.#writing(events)
    for (const event of events) this.#note(event)
    return editor === null ? text : editor.dress(text)
  }

  #writing(events: readonly HubEvent[]): string {
    try {
      return this.#writer.write(events)
    } catch (thrown) {
      this.#editor?.spoil()
      throw thrown
    }
  }

  #encode(text: string): readonly Uint8Array[] {
    return text === '' ? [] : [this.#encoder.encode(text)]
  }

  #note(event: HubEvent): void {
    switch (event.type) {
      case 'usage':
        this.usage = event.usage
        return
      case 'finish':
        this.finishReason = event.native ?? event.reason
        this.#finished = true
        return
      case 'error':
        this.error = event.error
        return
      case 'end':
        this.ended = true
        return
      default:
        if (content.has(event.type)) this.#exchange.gaps.seen()
    }
  }
}

/** Whether data was meant to be an object and is none; other texts only keep a connection. */
function isBrokenJson(data: string): boolean {
  if (!/^\s*\{/.test(data)) return false
  try {
    JSON.parse(data)
    return false
  } catch {
    return true
  }
}
