/**
 * Stands between the reading and the writing half of a translation where an answer that breaks may
 * be gone on with: keeps the transcript, holds back a provider's error until it is decided whether
 * another answer follows, and joins that answer to the one before.
 */
import type { GatewayError } from '../core/errors.ts'
import type { HubEvent } from '../protocol/hub/events.ts'
import type { Continuation } from './continuation.ts'
import type { Transcript } from './transcript.ts'

/** How another answer goes on with the stream. */
export interface Joint {
  readonly continuation: Continuation
  /** What stands in the client's stream where the other answer begins. */
  readonly comment: string
  /** Called when the first of it is about to be said. */
  readonly joined: () => void
}

/** The editor of one answer. */
export class Editor {
  /** The provider's error that the client was not told, for another answer may go on. */
  held: GatewayError | null = null
  readonly #transcript: Transcript
  readonly #holds: (error: GatewayError) => boolean
  readonly #joint: Joint | null
  #isJoined: boolean

  /** @param holds whether an error would be recovered from at this moment. */
  constructor(
    transcript: Transcript,
    holds: (error: GatewayError) => boolean,
    joint: Joint | null = null,
  ) {
    this.#transcript = transcript
    this.#holds = holds
    this.#joint = joint
    this.#isJoined = joint === null
  }

  /** Something of this answer was said. */
  get isJoined(): boolean {
    return this.#isJoined
  }

  /**
   * What of the events that were read is to be written.
   * @param isWhole the answer has its finish: no error can take that from it.
   * @throws Diverged where the answer does not go on with the one before.
   */
  edit(read: readonly HubEvent[], isWhole: boolean): readonly HubEvent[] {
    const events = this.#joint?.continuation.take(read) ?? read
    for (const [index, event] of events.entries()) {
      if (event.type !== 'error') {
        this.#transcript.note(event)
      } else if (!this.#isJoined || (!isWhole && this.#holds(event.error))) {
        // Of an answer that has said nothing the client is not told how it failed either.
        this.held = event.error
        return events.slice(0, index)
      }
    }
    return events
  }

  /** Holds back `error` where it would be recovered from; says whether it does. */
  hold(error: GatewayError): boolean {
    if (this.#isJoined && !this.#holds(error)) return false
    this.held = error
    return true
  }

  /** The text as it leaves: at the joint with the comment before it. */
  dress(text: string): string {
    if (this.#isJoined || this.#joint === null || text === '') return text
    this.#isJoined = true
    this.#joint.joined()
    return this.#joint.comment + text
  }

  /** The writer failed: what it has said is not known, so nothing can be joined to it. */
  spoil(): void {
    this.#transcript.spoil()
  }
}
