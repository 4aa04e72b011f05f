/** What an agent is: a loop around an official SDK, and what it made of the answers. */

/** One answer as an agent got it from its SDK. */
export interface Answered {
  /** Empty where none was shown. */
  readonly thinking: string
  readonly text: string
  readonly calls: readonly {
    readonly id: string | null
    readonly name: string
    readonly arguments: unknown
  }[]
  /** Whether it ended because tools were called; null where the dialect does not tell. */
  readonly wantsTools: boolean | null
  readonly inputTokens: number | null
  readonly outputTokens: number | null
}

/** A conversation of an agent, which keeps what its SDK gave it and sends that back. */
export interface Conversation {
  /** Asks `model` with all that was said so far. */
  ask(model: string): Promise<Answered>
  /** Answers for every call of the last answer. */
  answerTools(): void
  /** Says what the user says next. */
  followUp(): void
}

/** An agent of one dialect. */
export interface Agent {
  readonly dialect: string
  /** Whether it can say that a tool failed. */
  readonly tellsFailure: boolean
  /** Begins with the prompt of the system, the question, and the picture. */
  begin(url: URL): Conversation
}
