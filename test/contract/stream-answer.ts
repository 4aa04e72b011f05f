/** One short answer, and the two ways in which most servers stream one. */

/** What it says, in two pieces. */
export const said = ['Good', ' morning.'] as const

/** Its tokens; together they are 8. */
export const tokens = { input: 5, output: 3 } as const

/** A stream as it is on the wire. */
export interface StreamAnswer {
  readonly contentType: string
  readonly bytes: Uint8Array
}

/** UTF-8. */
export const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
/** Events that carry data only. */
export const events = (list: readonly object[], end = ''): StreamAnswer => ({
  contentType: 'text/event-stream',
  bytes: encode(list.map((data) => `data: ${JSON.stringify(data)}\n\n`).join('') + end),
})
/** Data that repeats the name of its event. */
export interface Named {
  readonly type: string
  readonly [key: string]: unknown
}
/** Events with a name. */
export const named = (list: readonly Named[], end = ''): StreamAnswer => ({
  contentType: 'text/event-stream',
  bytes: encode(
    list.map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`).join('') + end,
  ),
})
