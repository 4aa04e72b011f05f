/** What the gateway may do to the client's connection; the edge implements it. */
export interface Connection {
  /** The peer's address, or null where it is not known. */
  readonly clientAddress: string | null
  /** Switches the server's own idle timer off for this request: our clocks take over. */
  disarm(): void
  /** Switches it on again; called just before the response ends, because it sticks (Bun). */
  rearm(): void
}
