/**
 * The tool calls of one choice, out of deltas in all the ways in which providers send them: keyed
 * by index, by id, or not at all; from 0 or from 1; whole or in fragments; with names and ids
 * repeated, null or empty after the first (reference, 10 and 12.3).
 */
import { isObject, type JsonObject, objectAt } from '../../core/json.ts'
import type { HubEvent } from '../hub/events.ts'
import { JsonEnd } from './json-end.ts'

/** What the calls need of the choice that they belong to. */
export interface CallHost {
  readonly choice: number
  /** Begins a block and ends the text before it. */
  beginBlock(): number
  /** An id for the `ordinal`th call, for a provider that gave none. */
  madeId(ordinal: number, name: string): string
  emit(event: HubEvent): void
}

interface Call {
  /** Null while its name is still to come, and its arguments wait. */
  block: number | null
  /** The provider's own; empty while it gave none. */
  id: string
  readonly custom: boolean
  waiting: string
  readonly end: JsonEnd
  hasArguments: boolean
  ended: boolean
}

/** The calls of one choice. */
export class ToolCallsRead {
  readonly #host: CallHost
  readonly #byIndex = new Map<number, Call>()
  readonly #calls: Call[] = []
  #last: Call | null = null

  constructor(host: CallHost) {
    this.#host = host
  }

  /** Whether a call was begun. */
  get any(): boolean {
    return this.#calls.some(({ block }) => block !== null)
  }

  /**
   * Takes one entry of `tool_calls`.
   * @param position stands in for the index in answers that are not streamed.
   * @param signature what the entry was signed with.
   * @returns false for an entry that is no call of the client's tools.
   */
  take(entry: JsonObject, position: number | null, signature: string | null): boolean {
    const custom = objectAt(entry, 'custom')
    const about = objectAt(entry, 'function') ?? custom
    if (about === null) return !isServerTool(entry)
    const id = filled(entry.id)
    const name = filled(about.name)
    const call = this.#find(indexOf(entry) ?? position, id, name, custom !== null)
    if (call.block === null && name !== null) this.#begin(call, id, name, signature)
    this.#append(call, argumentsOf(custom === null ? about.arguments : about.input))
    return true
  }

  /**
   * A call was begun and never named. Entries that hold nothing at all are no calls: some servers
   * pad their last chunk with them.
   */
  get unnamed(): boolean {
    return this.#calls.some(({ block, id, waiting }) => block === null && (id || waiting) !== '')
  }

  /** Ends the calls whose arguments are whole, so that what follows need not wait for them. */
  endComplete(): void {
    for (const call of this.#calls) if (call.end.complete) this.#end(call)
  }

  /** Ends them all. */
  endAll(): void {
    for (const call of this.#calls) this.#end(call)
  }

  #find(index: number | null, id: string | null, name: string | null, custom: boolean): Call {
    const known = index === null ? this.#last : this.#byIndex.get(index)
    if (known && !isAnother(known, index, id, name)) {
      this.#last = known
      return known
    }
    const end = new JsonEnd()
    const call: Call = {
      ...{ block: null, id: id ?? '', custom, waiting: '' },
      ...{ end, hasArguments: false, ended: false },
    }
    this.#calls.push(call)
    if (index !== null) this.#byIndex.set(index, call)
    this.#last = call
    return call
  }

  #begin(call: Call, id: string | null, name: string, signature: string | null): void {
    this.endComplete()
    const { choice } = this.#host
    const block = this.#host.beginBlock()
    call.block = block
    call.id ||= id ?? ''
    const known = call.id || this.#host.madeId(this.#calls.indexOf(call), name)
    const { custom, waiting } = call
    this.#host.emit({ type: 'tool-start', choice, block, id: known, name, custom, signature })
    call.waiting = ''
    this.#append(call, waiting)
  }

  #append(call: Call, text: string): void {
    if (text === '' || call.ended) return
    if (call.block === null) {
      call.waiting += text
      return
    }
    call.hasArguments = true
    if (!call.custom) call.end.take(text)
    const { choice } = this.#host
    this.#host.emit({ type: 'tool-delta', choice, block: call.block, arguments: text })
  }

  #end(call: Call): void {
    if (call.ended || call.block === null) return
    // A tool without arguments is called with an empty object by everyone who calls it.
    if (!call.hasArguments && !call.custom) this.#append(call, '{}')
    call.ended = true
    this.#host.emit({ type: 'block-end', choice: this.#host.choice, block: call.block })
  }
}

/** Whether an entry opens a call of its own although its place is taken. */
function isAnother(known: Call, index: number | null, id: string | null, name: string | null) {
  if (id !== null && known.id !== '' && id !== known.id) {
    // Some send every call under the index 0, each with its name; nobody renames a call.
    return index === null || name !== null
  }
  // Without index and id, whole calls follow each other, each with its name.
  return index === null && id === null && name !== null && known.end.complete
}

/** Null and the empty string mean that the provider repeats nothing here. */
function filled(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function indexOf(entry: JsonObject): number | null {
  const { index } = entry
  return typeof index === 'number' && Number.isInteger(index) && index >= 0 ? index : null
}

/** Text as it is; an object, which shims send, as the text that it should have been. */
function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value
  return isObject(value) ? JSON.stringify(value) : ''
}

function isServerTool(entry: JsonObject): boolean {
  return typeof entry.type === 'string' && entry.type !== '' && entry.type !== 'function'
}
