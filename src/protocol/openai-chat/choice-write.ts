/** Writes one choice of a stream of chat chunks. */
import type { JsonObject } from '../../core/json.ts'
import type { HubEvent, Logprobs } from '../hub/events.ts'
import { writeFinish } from '../openai/finish.ts'
import type { ChoiceEvent, ChoiceWriter } from '../openai/stream-write.ts'
import { writeAnnotation } from './annotations.ts'
import { writeDetails } from './reasoning-write.ts'
import { writeToolSignature } from './tool-signature.ts'

type FinishEvent = Extract<HubEvent, { readonly type: 'finish' }>

interface Tool {
  readonly index: number
  readonly custom: boolean
  hasArguments: boolean
  ended: boolean
}

/** One choice: its role first, its tool calls counted, its finish once and last. */
export class ChoiceWrite implements ChoiceWriter {
  readonly #choice: number
  readonly #say: (json: string) => void
  /** The deprecated way to call: one call, without a list and without an id. */
  readonly #asFunction: boolean
  readonly #tools = new Map<number, Tool>()
  /** The places in `reasoning_details`, by block. */
  readonly #thoughts = new Map<number, number>()
  #opened = false
  #finished = false

  constructor(choice: number, asFunction: boolean, say: (json: string) => void) {
    this.#choice = choice
    this.#asFunction = asFunction
    this.#say = say
  }

  take(event: ChoiceEvent): void {
    if (this.#finished) return
    switch (event.type) {
      case 'text-delta':
        if (event.text === '' && event.logprobs === null) return
        this.#open('')
        this.#delta(`{"content":${JSON.stringify(event.text)}}`, event.logprobs)
        return
      case 'reasoning-delta':
        if (event.text !== '') this.#think(event)
        return
      case 'reasoning-signature':
        this.#sign(event)
        return
      case 'refusal':
        if (event.text === '' && !event.logprobs) return
        this.#open(null)
        this.#delta(`{"refusal":${JSON.stringify(event.text)}}`, event.logprobs ?? null)
        return
      case 'citation': {
        const annotation = writeAnnotation(event.citation)
        if (annotation !== null) this.own({ annotations: [annotation] })
        return
      }
      default:
        this.#takeTool(event)
    }
  }

  /** A delta that this dialect said itself. */
  own(delta: JsonObject): void {
    if (this.#finished) return
    this.#open('')
    this.#delta(JSON.stringify(delta))
  }

  /** @param event null where the answer ended without a reason. */
  finish(event: FinishEvent | null): void {
    if (this.#finished) return
    this.#open('')
    for (const block of this.#tools.keys()) this.#endTool(block)
    this.#finished = true
    const reason = event?.reason ?? (this.#tools.size > 0 ? 'tool-calls' : 'stop')
    const word = reason === 'tool-calls' && this.#asFunction ? 'function_call' : writeFinish(reason)
    // The turn is not over, and there is no word for that here.
    const native = reason === 'pause' ? `,"native_finish_reason":"pause_turn"` : ''
    const choice = `{"index":${this.#choice},"delta":{},"logprobs":null`
    this.#say(`${choice},"finish_reason":"${word}"${native}}`)
  }

  #open(content: '' | null): void {
    if (this.#opened) return
    this.#opened = true
    this.#delta(`{"role":"assistant","content":${JSON.stringify(content)},"refusal":null}`)
  }

  #delta(delta: string, logprobs: Logprobs | null = null): void {
    const scores = logprobs === null ? 'null' : JSON.stringify(logprobs)
    const choice = `{"index":${this.#choice},"delta":${delta},"logprobs":${scores}`
    this.#say(`${choice},"finish_reason":null}`)
  }

  /**
   * The text stands under the name that most clients know, and in `reasoning_details`, as
   * OpenRouter sends it: a signature that comes later belongs to the text of its own entry, and
   * clients that send these entries back send back what was signed.
   */
  #think({ block, text, summary }: Extract<ChoiceEvent, { type: 'reasoning-delta' }>): void {
    this.#open('')
    const json = JSON.stringify(text)
    const kind = summary ? 'summary' : 'text'
    const entry = `{"type":"reasoning.${kind}","${kind}":${json},"index":${this.#thought(block)}}`
    this.#delta(`{"reasoning_content":${json},"reasoning_details":[${entry}]}`)
  }

  #sign(event: Extract<ChoiceEvent, { type: 'reasoning-signature' }>): void {
    const { kind, signature, signedBy, id, block } = event
    const proof = {
      signature: kind === 'signature' ? signature : null,
      redacted: kind === 'redacted' ? signature : null,
    }
    const part = { type: 'reasoning', text: '', ...proof, signedBy, id } as const
    this.own({ reasoning_details: writeDetails(part, this.#thought(block)) })
  }

  #thought(block: number): number {
    const known = this.#thoughts.get(block)
    if (known !== undefined) return known
    const next = this.#thoughts.size
    this.#thoughts.set(block, next)
    return next
  }

  #takeTool(event: Extract<ChoiceEvent, { type: 'tool-start' | 'tool-delta' | 'block-end' }>) {
    switch (event.type) {
      case 'tool-start':
        this.#startTool(event)
        return
      case 'tool-delta': {
        const tool = this.#tools.get(event.block)
        if (tool === undefined || tool.ended || event.arguments === '') return
        tool.hasArguments = true
        this.#arguments(tool, event.arguments)
        return
      }
      case 'block-end':
        this.#endTool(event.block)
    }
  }

  #startTool(event: Extract<ChoiceEvent, { type: 'tool-start' }>): void {
    if (this.#tools.has(event.block)) return
    const { id, name, custom, signature } = event
    const tool = { index: this.#tools.size, custom, hasArguments: false, ended: false }
    this.#tools.set(event.block, tool)
    this.#open(null)
    if (this.#asFunction) {
      // That way has room for one call only.
      if (tool.index > 0) tool.ended = true
      else this.#delta(JSON.stringify({ function_call: { name, arguments: '' } }))
      return
    }
    const called = custom
      ? { type: 'custom', custom: { name, input: '' } }
      : { type: 'function', function: { name, arguments: '' } }
    const signed = signature !== null && writeToolSignature(signature)
    this.#delta(JSON.stringify({ tool_calls: [{ index: tool.index, id, ...called, ...signed }] }))
  }

  #arguments({ index, custom }: Tool, text: string): void {
    const json = JSON.stringify(text)
    if (this.#asFunction) this.#delta(`{"function_call":{"arguments":${json}}}`)
    else if (custom) this.#delta(`{"tool_calls":[{"index":${index},"custom":{"input":${json}}}]}`)
    else this.#delta(`{"tool_calls":[{"index":${index},"function":{"arguments":${json}}}]}`)
  }

  #endTool(block: number): void {
    const tool = this.#tools.get(block)
    if (tool === undefined || tool.ended) return
    if (!tool.hasArguments && !tool.custom) this.#arguments(tool, '{}')
    tool.ended = true
  }
}
