/** The numbers of a resumable stream's events: none is taken twice, and none is missed. */
import { StreamError } from './error.ts'

/** Where a stream stands. The id of an event is `<stream>-<number>`, counted from 1. */
export class Sequence {
  readonly streamId: string
  #last = 0

  /** @param streamId as the server's `x-sluice-stream-id` says. */
  constructor(streamId: string) {
    this.streamId = streamId
  }

  /** What `Last-Event-ID` says to go on from here. */
  get lastEventId(): string {
    return `${this.streamId}-${this.#last}`
  }

  /**
   * Whether an event is the next one; false where it came before. One without an id, such as a
   * heartbeat, is not part of the count.
   * @throws StreamError `stream_gap` where there must have been one before it.
   */
  accept(id: string | null): boolean {
    if (id === null || !id.startsWith(`${this.streamId}-`)) return true
    const text = id.slice(this.streamId.length + 1)
    if (!/^\d{1,15}$/.test(text)) return true
    const number = Number(text)
    if (number <= this.#last) return false
    if (number !== this.#last + 1) {
      const message = `After event ${this.#last} of the stream came event ${number}.`
      throw new StreamError('stream_gap', message)
    }
    this.#last = number
    return true
  }
}
