/** The operator's session: a cookie that scripts cannot read. */
import { type Answer, ask } from './ask.ts'

const path = '/dashboard/session'

/** What the server says of this browser. */
export interface SessionView {
  /** Whether the admin token is asked for at all. */
  readonly required: boolean
  readonly authenticated: boolean
}

/** Asks how this browser stands. Null where the server does not answer. */
export async function readSession(): Promise<SessionView | null> {
  const answer = await ask('GET', path)
  return answer.ok ? (answer.body as SessionView) : null
}

/** Opens a session. A wrong token is an answer that is not ok. */
export function signIn(token: string): Promise<Answer> {
  return ask('POST', path, { token })
}

/** Ends the session. */
export function signOut(): Promise<Answer> {
  return ask('DELETE', path)
}
