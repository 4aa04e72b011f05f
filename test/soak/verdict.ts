/** Whether what a client received is what was sent to it: a part of it, honestly ended, or all. */
import type { StreamPlan } from './plan.ts'
import type { Outcome } from './tenant-client.ts'

const heartbeat = ': ping\n'
const errorStart = 'data: {"error":'
const endMarker = 'data: [DONE]\n\n'
const finished = '"finish_reason":"stop"'

/** What is wrong with an outcome, or null. */
export function faultOf(plan: StreamPlan, outcome: Outcome): string | null {
  if (outcome.leak !== null) return outcome.leak
  const bodyStart = outcome.text.indexOf('\r\n\r\n') + 4
  if (bodyStart < 4) return null
  const head = outcome.text.slice(0, bodyStart)
  const rest = outcome.text.slice(bodyStart)
  if (!head.startsWith('HTTP/1.1 200 ')) return faultOfRefusal(plan, head, rest)
  return faultOfStream(plan, dechunked(rest).replaceAll(heartbeat, ''), outcome.complete)
}

/** @param received without heartbeats, but with a part of one where the client left in it. */
function faultOfStream(plan: StreamPlan, received: string, isComplete: boolean): string | null {
  const { text } = plan.answer
  const isWhole = plan.breakAfterPieces > plan.cuts.length
  let same = 0
  while (same < received.length && received[same] === text[same]) same++
  if (same === received.length) {
    // The end marker may have come without its blank line; it leaves as it came.
    const isEnd = same >= text.trimEnd().length
    return isComplete && !isEnd ? `an end in place of ${JSON.stringify(text.slice(same))}` : null
  }
  // What is not the provider's begins between two of its events, and is one of three things.
  const boundary = same === 0 ? 0 : text.lastIndexOf('\n\n', same - 1) + 2
  const start = boundary === 1 ? 0 : boundary
  const ours = received.slice(start)
  if (ours.startsWith(errorStart)) {
    if (isWhole) return `an error in place of the rest: ${ours}`
    return ours.includes(endMarker) ? 'an end after an error' : null
  }
  const isFinished = text.slice(0, start).includes(finished)
  if (ours === endMarker && isFinished && !isWhole) return null
  const partly = [heartbeat, ...(isWhole ? [] : [errorStart, ...(isFinished ? [endMarker] : [])])]
  if (!isComplete && partly.some((known) => known.startsWith(ours))) return null
  return mismatch(received, text, same)
}

function faultOfRefusal(plan: StreamPlan, head: string, body: string): string | null {
  const status = Number(head.slice(9, 12))
  if (plan.breakAfterPieces > plan.cuts.length) return `status ${status} for a good answer`
  return status === 502 && body.startsWith('{"error"') ? null : `status ${status}: ${body}`
}

/** The body out of its chunks, as far as they came. */
function dechunked(text: string): string {
  let body = ''
  for (let at = 0; ; ) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd < 0) return body
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    if (!(size > 0)) return body
    body += text.slice(lineEnd + 2, lineEnd + 2 + size)
    at = lineEnd + 2 + size + 2
  }
}

/** How two texts go on from where they part. */
function mismatch(got: string, wanted: string, at: number): string {
  const around = (text: string): string => JSON.stringify(text.slice(Math.max(0, at - 20), at + 40))
  return `at ${at} of ${got.length}: ${around(got)} in place of ${around(wanted)}`
}
