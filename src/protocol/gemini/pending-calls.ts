/** Which answer of a tool belongs to which call, where Gemini's clients name no ids. */
import { callId } from './ids.ts'

/** Calls of the request that wait for their answer, by name and in order. */
export class PendingCalls {
  readonly #ids = new Map<string, string[]>()
  #count = 0

  /** The id of a call: its own, or one made of its place. */
  called(name: string, id: string | null): string {
    const known = id ?? callId('request', this.#count, name)
    this.#count += 1
    const waiting = this.#ids.get(name)
    if (waiting === undefined) this.#ids.set(name, [known])
    else waiting.push(known)
    return known
  }

  /** The id of the call that an answer belongs to: the first of that name without one. */
  answered(name: string, id: string | null): string {
    const waiting = this.#ids.get(name) ?? []
    const at = id === null ? 0 : waiting.indexOf(id)
    const [found] = at === -1 ? [] : waiting.splice(at, 1)
    this.#count += 1
    return id ?? found ?? callId('answer', this.#count, name)
  }
}
