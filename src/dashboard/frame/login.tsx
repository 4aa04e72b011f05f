/** Asks for the admin token. */
import { type FormEvent, useId, useState } from 'react'
import { usePage } from '../feed/context.tsx'

/** The page while the server does not know who looks at it. */
export function Login() {
  const { connection } = usePage()
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [fieldId, problemId] = [useId(), useId()]
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const form = event.currentTarget
    const token = new FormData(form).get('token')
    setBusy(true)
    const wrong = await connection.signIn(typeof token === 'string' ? token.trim() : '')
    setBusy(false)
    setProblem(wrong)
    if (wrong === '') return
    form.querySelector('input')?.select()
  }
  return (
    <main className="login">
      <form onSubmit={(event) => void submit(event)}>
        <h1>
          <img src="/dashboard/icon.svg" width="28" height="28" alt="" /> sluice
        </h1>
        <label htmlFor={fieldId}>Admin token</label>
        <input
          id={fieldId}
          name="token"
          type="password"
          autoComplete="current-password"
          required
          aria-invalid={problem !== ''}
          aria-describedby={problemId}
        />
        <p id={problemId} className="problem" role="alert">
          {problem}
        </p>
        <button type="submit" className="main" disabled={isBusy}>
          Sign in
        </button>
        <p className="hint">
          The token is the value of <code>ADMIN_TOKEN</code> where sluice was started. The session
          lasts twelve hours, or until you sign out.
        </p>
      </form>
    </main>
  )
}
