/** Reads a stream of the Messages API into hub events. */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, objectAt, textAt } from '../../core/json.ts'
import type { Frame } from '../../sse/frame.ts'
import type { HubEvent } from '../hub/events.ts'
import { NOT_JSON, parseData } from '../openai/data.ts'
import type { EventReader } from '../translation.ts'
import { BlockReader } from './block-read.ts'
import { readEventError } from './error.ts'
import { LastUsage } from './usage.ts'
import { streamOfBlock } from './whole-block.ts'
import { dialect, rawEvent, readAnswerTier, readStopReason, without } from './words.ts'

/** What the hub's `start` says of a message; anything else goes along as it is. */
const startKeys: ReadonlySet<string> = new Set([
  ...['id', 'type', 'role', 'model', 'content', 'stop_reason', 'stop_sequence', 'usage'],
])
const finishKeys: ReadonlySet<string> = new Set(['stop_reason', 'stop_sequence'])
const messageDeltaKeys: ReadonlySet<string> = new Set(['type', 'delta', 'usage'])

/** What the last `message_delta` with a reason said. */
interface Finish {
  readonly reason: string
  readonly stopSequence: string | null
  readonly details: JsonObject | null
}

/** A fresh reader for one stream. */
export function readStream(): EventReader {
  return new MessageReader()
}

/** Reads one answer: from a stream, or from a message that came whole. */
export class MessageReader implements EventReader {
  readonly #usage = new LastUsage()
  readonly #blocks = new BlockReader((event) => this.#out.push(event))
  #out: HubEvent[] = []
  #id = ''
  #started = false
  #over = false
  #finish: Finish | null = null

  get finished(): boolean {
    return this.#finish !== null
  }

  read(frame: Frame): readonly HubEvent[] {
    if (this.#over) return []
    const event = parseData(frame.data)
    // What is not JSON is dropped, as on the way through: rule 3 of the design.
    if (event === NOT_JSON || !isObject(event)) return []
    return this.readEvent(event, frame.event)
  }

  /** The same for an event that was parsed. @param name its name, where the data has none. */
  readEvent(event: JsonObject, name: string | null): readonly HubEvent[] {
    if (this.#over) return []
    this.#out = []
    try {
      this.#take(event, textAt(event, 'type') ?? name ?? '')
    } catch (cause) {
      // Too many blocks, a call without a name, or nested too deeply to be said again.
      const isOurs = cause instanceof GatewayError
      this.#fail(isOurs ? cause : new GatewayError('upstream_protocol_error', { cause }))
    }
    return this.#out
  }

  end(): readonly HubEvent[] {
    if (this.#over) return []
    this.#out = []
    if (this.#finish === null) this.#fail(new GatewayError('upstream_incomplete'))
    else this.#complete()
    return this.#out
  }

  #take(event: JsonObject, type: string): void {
    switch (type) {
      case 'message_start':
        this.#start(objectAt(event, 'message') ?? {})
        break
      case 'content_block_start':
        this.#begin()
        this.#blocks.begin(event)
        break
      case 'content_block_delta':
        this.#begin()
        this.#blocks.add(event)
        break
      case 'content_block_stop':
        this.#blocks.stop(event)
        break
      case 'message_delta':
        this.#takeFinish(event)
        break
      case 'message_stop':
        this.#complete()
        break
      default:
        if (type === 'error' || event.error) this.#fail(readEventError(event))
        // Before the start there is nothing that it could belong to: a ping, as a rule.
        else if (type !== '' && this.#started) this.#out.push(rawEvent(null, event))
    }
  }

  #start(message: JsonObject): void {
    const id = textAt(message, 'id') ?? ''
    const isFirst = !this.#started
    // A gateway that retried behind our back: what was sent cannot be taken back.
    if (!isFirst && id !== this.#id && this.#blocks.count > 0) {
      const message = 'The provider began a second answer in the middle of the first.'
      this.#fail(new GatewayError('upstream_protocol_error', { message }))
      return
    }
    const usage = objectAt(message, 'usage')
    if (isFirst) this.#open(id, textAt(message, 'model') ?? '', usage)
    if (usage !== null) this.#report(usage)
    const rest = without(message, startKeys)
    if (!isFirst) return
    if (rest !== null) this.#out.push(rawEvent(null, { type: 'message_start', message: rest }))
    this.#takeWhole(message)
  }

  /**
   * The turn of a tool that code called comes whole: its blocks and its finish are in the start,
   * and only `message_stop` follows.
   */
  #takeWhole(message: JsonObject): void {
    const content = Array.isArray(message.content) ? message.content : []
    for (const [index, block] of content.entries()) {
      if (!isObject(block)) continue
      for (const event of streamOfBlock(index, block)) this.#take(event, `${event.type}`)
    }
    const reason = textAt(message, 'stop_reason')
    if (!reason) return
    this.#finish = { reason, stopSequence: textAt(message, 'stop_sequence'), details: null }
  }

  #open(id: string, model: string, usage: JsonObject | null): void {
    this.#started = true
    this.#id = id
    this.#blocks.answerId = id
    const tier = usage === null ? null : textAt(usage, 'service_tier')
    const serviceTier = readAnswerTier(tier)
    this.#out.push({ type: 'start', id, model, createdS: null, serviceTier, fingerprint: null })
  }

  /** Begins an answer whose start is missing. */
  #begin(): void {
    if (!this.#started) this.#open('', '', null)
  }

  #takeFinish(event: JsonObject): void {
    this.#begin()
    const usage = objectAt(event, 'usage')
    if (usage !== null) this.#report(usage)
    const delta = objectAt(event, 'delta') ?? {}
    const reason = textAt(delta, 'stop_reason')
    if (!reason) return
    const details = { ...without(delta, finishKeys), ...without(event, messageDeltaKeys) }
    this.#finish = {
      reason,
      stopSequence: textAt(delta, 'stop_sequence'),
      details: Object.keys(details).length === 0 ? null : details,
    }
  }

  #report(usage: JsonObject): void {
    this.#usage.read(usage)
    this.#out.push({ type: 'usage', usage: this.#usage.toHub(usage) })
  }

  /** The end. The finish was held until here, because `message_delta` may come again. */
  #complete(): void {
    this.#begin()
    this.#blocks.closeAll()
    const finish = this.#finish
    if (finish !== null) {
      this.#out.push({
        type: 'finish',
        choice: 0,
        reason: readStopReason(finish.reason, this.#blocks.hasToolCalls),
        native: finish.reason,
        stopSequence: finish.stopSequence,
        details: finish.details === null ? null : { dialect, value: finish.details },
      })
    }
    this.#out.push({ type: 'end' })
    this.#over = true
  }

  #fail(error: GatewayError): void {
    this.#out.push({ type: 'error', error })
    this.#over = true
  }
}
