/** All that is known of one request that failed. */
import { useRef } from 'react'
import type { FinishedRequest } from '../../observe/finished.ts'
import { bytes, count, dayAndClock, duration, exact, money, NONE, rate, words } from '../format.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Facts } from '../parts/pieces.tsx'
import { attemptsText, describeRows, type SpanKind, spanNames } from './spans.ts'
import { Timeline } from './timeline.tsx'

const spanKinds: readonly SpanKind[] = ['queued', 'headers', 'first-content', 'answer']

/** What the dialog needs. */
export interface ErrorDetailsProps {
  /** Of the request; null is none. */
  readonly id: string | null
  /** Null where it is no longer among the errors that are listed. */
  readonly error: FinishedRequest | null
  readonly close: () => void
}

/** A dialog. What was opened stays, though newer errors take its place in the list. */
export function ErrorDetails({ id, error, close }: ErrorDetailsProps) {
  const seen = useRef<FinishedRequest | null>(null)
  if (error !== null) seen.current = error
  const shown = seen.current?.id === id ? seen.current : null
  return (
    <Dialog
      title={<span className="id">{id}</span>}
      isOpen={id !== null}
      close={close}
      isWide
      actions={id !== null && <CopyButton text={id} label="Copy id" />}
    >
      {shown === null ? (
        <p className="hint">This request is not among the errors that are listed.</p>
      ) : (
        <Details request={shown} />
      )}
    </Dialog>
  )
}

function Details({ request }: { request: FinishedRequest }) {
  return (
    <>
      <h3>{attemptsText(request)}</h3>
      <Timeline request={request} />
      <ul className="timeline-key" aria-hidden="true">
        {spanKinds.map((kind) => (
          <li key={kind}>
            <span className={`span span-${kind}`} /> {spanNames[kind]}
          </li>
        ))}
      </ul>
      <details>
        <summary>As text</summary>
        <ol className="timeline-text">
          {describeRows(request).map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ol>
      </details>
      <Facts rows={rowsOf(request)} />
    </>
  )
}

function rowsOf(request: FinishedRequest): readonly (readonly [string, string])[] {
  const target = [request.provider, request.model].filter(Boolean).join('/')
  return [
    ['Target', target === '' ? NONE : target],
    ['Error', words(request.errorCode ?? NONE)],
    ['End', words(request.endReason ?? NONE)],
    ['Cause', request.errorCause ?? NONE],
    ['Status', exact(request.status)],
    ['Route', request.route ?? NONE],
    ['Endpoint', request.endpoint],
    ['Key', request.keyId ?? NONE],
    ['Began', dayAndClock(request.at)],
    ['Duration', duration(request.durationMs)],
    ['Waited for its turn', duration(request.queueWaitMs)],
    ['Own overhead', duration(request.overheadMs)],
    ['Headers after', duration(request.headersMs)],
    ['First token after', duration(request.firstContentMs)],
    ['Gap p50', duration(request.gapP50Ms)],
    ['Gap p99', duration(request.gapP99Ms)],
    ['Longest gap', duration(request.gapMaxMs)],
    ['Tokens/s', rate(request.tokensPerSecond)],
    ['Events', count(request.events)],
    ['Events dropped', count(request.droppedEvents)],
    ['Client left after', duration(request.clientGoneMs)],
    ['Request', bytes(request.requestBytes)],
    ['From the provider', bytes(request.bytesIn)],
    ['To the client', bytes(request.bytesOut)],
    ['Input tokens', count(request.inputTokens)],
    ['Output tokens', count(request.outputTokens)],
    ['Cost', money(request.costMicroUsd)],
    ['Cost of other attempts', money(request.otherCostMicroUsd)],
    ['Recovery', words(request.recovery ?? NONE)],
    ['Resumed', exact(request.resumes)],
  ]
}
