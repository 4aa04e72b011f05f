/** What the server says of something that is not in the frames, asked for while it is looked at. */
import { useCallback, useEffect, useState } from 'react'
import { ask } from './ask.ts'

/** What was answered last. */
export interface Asked<Body> {
  /** Null until the first answer. */
  readonly body: Body | null
  /** Why there is none now; else empty. */
  readonly problem: string
  /** Takes an answer that came in another way. */
  readonly put: (body: Body) => void
}

/**
 * Asks at once and then every `everyMs`.
 * @param path of a `GET` whose answer has the shape of `Body`
 */
export function useAnswer<Body>(path: string, everyMs: number): Asked<Body> {
  const [body, setBody] = useState<Body | null>(null)
  const [problem, setProblem] = useState('')
  useEffect(() => {
    let isOver = false
    const look = async (): Promise<void> => {
      const answer = await ask('GET', path)
      if (isOver) return
      if (answer.ok) setBody(answer.body as Body)
      setProblem(answer.problem)
    }
    void look()
    const timer = setInterval(() => void look(), everyMs)
    return () => {
      isOver = true
      clearInterval(timer)
    }
  }, [path, everyMs])
  return { body, problem, put: useCallback((next: Body) => setBody(next), []) }
}
