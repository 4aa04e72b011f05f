/**
 * Run as a process of its own: uses a slow stream, leaves it in the way named on the command line,
 * and then must end by itself, because a timer left behind would keep it alive.
 */
import { ask, chat } from '../stand.ts'

const how = process.argv[2]
const caller = new AbortController()
const slow = chat('stream?tokens=50&tokensPerSecond=0.001', { stream: true })

if (how === 'whole' || how === 'headers') {
  const body = how === 'whole' ? { ...slow, stream: false } : chat('stream?fail=slow-headers')
  const opened = ask('/chat/completions', body, caller.signal)
  setTimeout(() => caller.abort(new Error('left')), 20)
  const message = await opened.then(
    () => 'answered',
    (error: Error) => error.message,
  )
  if (message !== 'left') process.exit(3)
} else {
  const body = how === 'end' ? chat('stream?tokens=5', { stream: true }) : slow
  const response = await ask('/chat/completions', body, caller.signal)
  const reader = response.body?.getReader()
  if (reader === undefined) process.exit(4)
  await reader.read()
  if (how === 'end') while (!(await reader.read()).done);
  else {
    const waiting = reader.read().catch(() => null)
    await Bun.sleep(20)
    if (how === 'abort') caller.abort()
    else await reader.cancel()
    await waiting
  }
}
