/** Reads a stream of the Messages API into hub events. */
import { GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, objectAt, textAt } from '../../core/json.ts'
import type { Frame } from '../../sse/frame.ts'
import type { HubEvent } from '../hub/events.ts'
import { madeToolCallId } from '../hub/ids.ts'
import { NOT_JSON, parseData } from '../openai/data.ts'
import type { EventReader } from '../translation.ts'
import { readCitation } from './citation.ts'
import { readEventError } from './error.ts'
import { unseal } from './sealed.ts'
import { LastUsage } from './usage.ts'
import { streamOfBlock } from './whole-block.ts'
import { dialect, type RawEvent, readAnswerTier, readStopReason, without } from './words.ts'

/** Blocks that may be open at once. A real server has one; beyond this it is not an answer. */
const openBlocksMax = 1_024

/** Beyond this an index is not a place. */
const indexMax = 1_000_000

/** What the hub's `start` says of a message; anything else goes along as it is. */
const startKeys: ReadonlySet<string> = new Set([
  ...['id', 'type', 'role', 'model', 'content', 'stop_reason', 'stop_sequence', 'usage'],
])
const finishKeys: ReadonlySet<string> = new Set(['stop_reason', 'stop_sequence'])
const messageDeltaKeys: ReadonlySet<string> = new Set(['type', 'delta', 'usage'])

/** A block between its start and its stop. */
interface OpenBlock {
  readonly kind: 'text' | 'thinking' | 'redacted' | 'tool' | 'raw'
  /** The hub's number; null for a block that only this dialect understands. */
  readonly block: number | null
  /** A tool's input that came whole with the start, until a delta takes its place. */
  input: string
  signed: boolean
}

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

/**
 * Each start of a block is also sent as a `raw` event, so that a writer of this dialect opens it
 * where it was opened and with the fields (`caller`, `citations`) that the hub has no words for.
 */
export class MessageReader implements EventReader {
  readonly #usage = new LastUsage()
  readonly #blocks = new Map<number, OpenBlock>()
  #out: HubEvent[] = []
  #id = ''
  #started = false
  #over = false
  #hasToolCalls = false
  #finish: Finish | null = null
  #blockCount = 0
  #nextIndex = 0

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
      // Nested so deeply that it can be read but not said again.
      this.#fail(new GatewayError('upstream_protocol_error', { cause }))
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
        this.#begin(event)
        break
      case 'content_block_delta':
        this.#add(event)
        break
      case 'content_block_stop':
        this.#stop(event)
        break
      case 'message_delta':
        this.#takeFinish(event)
        break
      case 'message_stop':
        this.#complete()
        break
      default:
        if (type === 'error' || event.error) this.#fail(readEventError(event))
        else if (type !== '') this.#raw(null, event)
    }
  }

  #start(message: JsonObject): void {
    const id = textAt(message, 'id') ?? ''
    const isFirst = !this.#started
    // A gateway that retried behind our back: what was sent cannot be taken back.
    if (!isFirst && id !== this.#id && this.#blockCount > 0) {
      const message = 'The provider began a second answer in the middle of the first.'
      this.#fail(new GatewayError('upstream_protocol_error', { message }))
      return
    }
    const usage = objectAt(message, 'usage')
    if (isFirst) this.#open(id, textAt(message, 'model') ?? '', usage)
    if (usage !== null) this.#report(usage)
    const rest = without(message, startKeys)
    if (!isFirst) return
    if (rest !== null) this.#raw(null, { type: 'message_start', message: rest })
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
    const tier = usage === null ? null : textAt(usage, 'service_tier')
    const serviceTier = readAnswerTier(tier)
    this.#out.push({ type: 'start', id, model, createdS: null, serviceTier, fingerprint: null })
  }

  #begin(event: JsonObject): void {
    if (!this.#started) this.#open('', '', null)
    const index = indexOf(event) ?? this.#nextIndex
    this.#close(index)
    const content = objectAt(event, 'content_block')
    if (content === null) return
    if (this.#blocks.size >= openBlocksMax) {
      this.#fail(new GatewayError('upstream_protocol_error'))
      return
    }
    this.#nextIndex = index + 1
    switch (content.type) {
      case 'text':
        this.#beginText(index, event, content)
        break
      case 'thinking':
        this.#beginThinking(index, event, content)
        break
      case 'redacted_thinking':
        this.#beginRedacted(index, event, content)
        break
      case 'tool_use':
        this.#beginTool(index, event, content)
        break
      default:
        this.#blockCount += 1
        this.#blocks.set(index, { kind: 'raw', block: null, input: '', signed: false })
        this.#raw(null, { ...event, index })
    }
  }

  /** Opens a block of the hub; `event` is what a writer of this dialect opens it with. */
  #enter(index: number, kind: OpenBlock['kind'], event: JsonObject): OpenBlock & { block: number } {
    const open = { kind, block: this.#blockCount, input: '', signed: false }
    this.#blockCount += 1
    this.#blocks.set(index, open)
    this.#raw(open.block, event)
    return open
  }

  #beginText(index: number, event: JsonObject, content: JsonObject): void {
    const text = textAt(content, 'text') ?? ''
    const { block } = this.#enter(index, 'text', emptied(event, content, 'text'))
    if (text !== '') this.#text(block, text)
  }

  #beginThinking(index: number, event: JsonObject, content: JsonObject): void {
    const text = textAt(content, 'thinking') ?? ''
    const signature = textAt(content, 'signature') ?? ''
    const open = this.#enter(index, 'thinking', emptied(event, content, 'thinking', 'signature'))
    if (text !== '') this.#thinking(open.block, text)
    this.#sign(open, signature)
  }

  #beginRedacted(index: number, event: JsonObject, content: JsonObject): void {
    const data = textAt(content, 'data') ?? ''
    const foreign = unseal(data)
    const { block } = this.#enter(index, 'redacted', event)
    this.#out.push({
      type: 'reasoning-signature',
      choice: 0,
      block,
      kind: foreign?.kind === 'signature' ? 'signature' : 'redacted',
      signature: foreign?.signature ?? data,
      signedBy: foreign?.signedBy ?? dialect,
      id: foreign?.id ?? null,
    })
  }

  #beginTool(index: number, event: JsonObject, content: JsonObject): void {
    this.#hasToolCalls = true
    const given = textAt(content, 'id')
    const id = given || madeToolCallId(this.#id, 0, this.#blockCount)
    const start = given ? event : { ...event, content_block: { ...content, id } }
    const open = this.#enter(index, 'tool', start)
    const input = objectAt(content, 'input')
    if (input !== null && Object.keys(input).length > 0) open.input = JSON.stringify(input)
    const name = textAt(content, 'name') ?? ''
    const { block } = open
    const call = { choice: 0, block, id, name, custom: false, signature: null }
    this.#out.push({ type: 'tool-start', ...call })
  }

  #add(event: JsonObject): void {
    const delta = objectAt(event, 'delta')
    if (delta === null) return
    const index = indexOf(event) ?? Math.max(0, this.#nextIndex - 1)
    const open = this.#blocks.get(index) ?? this.#assumed(index, delta)
    if (open === null) return
    if (open.block === null) {
      this.#raw(null, { ...event, index })
      return
    }
    const { block } = open
    if (delta.type === 'text_delta' && open.kind === 'text') {
      this.#text(block, textAt(delta, 'text') ?? '')
    } else if (delta.type === 'input_json_delta' && open.kind === 'tool') {
      const fragment = textAt(delta, 'partial_json') ?? ''
      if (fragment !== '') open.input = ''
      this.#out.push({ type: 'tool-delta', choice: 0, block, arguments: fragment })
    } else if (delta.type === 'thinking_delta' && open.kind === 'thinking') {
      this.#thinking(block, textAt(delta, 'thinking') ?? '')
    } else if (delta.type === 'signature_delta' && open.kind === 'thinking') {
      this.#sign({ ...open, block }, textAt(delta, 'signature') ?? '')
      open.signed = true
    } else if (delta.type === 'citations_delta' && open.kind === 'text') {
      const citation = readCitation(delta.citation)
      if (citation !== null) this.#out.push({ type: 'citation', choice: 0, block, citation })
    }
  }

  /** Text whose block was never opened is text all the same; anything else is not understood. */
  #assumed(index: number, delta: JsonObject): OpenBlock | null {
    if (delta.type !== 'text_delta' && delta.type !== 'thinking_delta') return null
    const content =
      delta.type === 'text_delta'
        ? { type: 'text', text: '' }
        : { type: 'thinking', thinking: '', signature: '' }
    this.#begin({ type: 'content_block_start', index, content_block: content })
    return this.#blocks.get(index) ?? null
  }

  #text(block: number, text: string): void {
    this.#out.push({ type: 'text-delta', choice: 0, block, text, logprobs: null })
  }

  #thinking(block: number, text: string): void {
    this.#out.push({ type: 'reasoning-delta', choice: 0, block, text, summary: false })
  }

  #sign(open: OpenBlock & { block: number }, signature: string): void {
    if (signature === '' || open.signed) return
    const foreign = unseal(signature)
    this.#out.push({
      type: 'reasoning-signature',
      choice: 0,
      block: open.block,
      kind: foreign?.kind === 'redacted' ? 'redacted' : 'signature',
      signature: foreign?.signature ?? signature,
      signedBy: foreign?.signedBy ?? dialect,
      id: foreign?.id ?? null,
    })
  }

  #stop(event: JsonObject): void {
    const index = indexOf(event) ?? Math.max(0, this.#nextIndex - 1)
    if (this.#blocks.get(index)?.block === null) this.#raw(null, { ...event, index })
    this.#close(index)
  }

  #close(index: number): void {
    const open = this.#blocks.get(index)
    if (open === undefined) return
    this.#blocks.delete(index)
    const { block, input } = open
    if (block === null) return
    if (input !== '') this.#out.push({ type: 'tool-delta', choice: 0, block, arguments: input })
    this.#out.push({ type: 'block-end', choice: 0, block })
  }

  #takeFinish(event: JsonObject): void {
    if (!this.#started) this.#open('', '', null)
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
    for (const index of [...this.#blocks.keys()]) this.#close(index)
    if (!this.#started) this.#open('', '', null)
    const finish = this.#finish
    if (finish !== null) {
      this.#out.push({
        type: 'finish',
        choice: 0,
        reason: readStopReason(finish.reason, this.#hasToolCalls),
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

  #raw(block: number | null, event: JsonObject): void {
    const value: RawEvent = { block, event }
    this.#out.push({ type: 'raw', choice: 0, native: { dialect, value } })
  }
}

function indexOf(event: JsonObject): number | null {
  const { index } = event
  const isPlace = typeof index === 'number' && Number.isInteger(index)
  return isPlace && index >= 0 && index <= indexMax ? index : null
}

/** The start of a block whose text comes as deltas, whatever the server put into it. */
function emptied(event: JsonObject, content: JsonObject, ...keys: readonly string[]): JsonObject {
  if (keys.every((key) => content[key] === '')) return event
  const empty = Object.fromEntries(keys.map((key) => [key, '']))
  return { ...event, content_block: { ...content, ...empty } }
}
