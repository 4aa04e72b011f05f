/** Requests of the page to its own server, with the session's cookie. */

/** What came of a request. */
export interface Answer {
  readonly ok: boolean
  /** 0 where the server did not answer. */
  readonly status: number
  /** The JSON of the answer, or null. */
  readonly body: unknown
  /** One sentence for people where it is not ok; else empty. */
  readonly problem: string
}

/** How long the page waits for the answer to what was pressed. */
const ANSWER_WITHIN_MS = 10_000

/** Sends a request; JSON both ways. Never rejects. */
export async function ask(method: string, path: string, body?: object): Promise<Answer> {
  try {
    const response = await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const parsed: unknown = await response.json().catch(() => null)
    const { ok, status } = response
    return { ok, status, body: parsed, problem: ok ? '' : problemOf(status, parsed) }
  } catch {
    return { ok: false, status: 0, body: null, problem: 'The server did not answer.' }
  }
}

/** The sentence of an error body, in the shape that all of the program's answers have. */
function problemOf(status: number, body: unknown): string {
  if (typeof body === 'object' && body !== null && 'error' in body) {
    const { error } = body
    if (typeof error === 'object' && error !== null && 'message' in error) {
      return String(error.message)
    }
  }
  return `The server answered with ${status}.`
}
