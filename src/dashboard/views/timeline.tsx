/** The course of a request, drawn to scale: one row for each attempt. */
import type { FinishedRequest } from '../../observe/finished.ts'
import { duration } from '../format.ts'
import { describeRows, hasTimeline, type Span, timelineRows } from './spans.ts'

/** A span of no time is still to be seen. */
const WIDTH_MIN_PERCENT = 0.4

/** The drawing; who does not see it gets the same as a list of sentences. */
export function Timeline({ request }: { request: FinishedRequest }) {
  if (!hasTimeline(request)) {
    return <p className="hint">Refused before any provider was asked.</p>
  }
  const whole = Math.max(1, request.durationMs)
  return (
    <div className="timeline">
      <ul className="unseen">
        {describeRows(request).map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
      <div aria-hidden="true">
        {timelineRows(request).map(({ name, result, isFailure, spans }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an attempt's name is its place.
          <div key={index} className="timeline-row">
            <span className="timeline-name" title={name}>
              {name}
            </span>
            <span className="timeline-track">
              {spans.map((span) => (
                <Bar key={span.kind} span={span} whole={whole} />
              ))}
            </span>
            <span className={isFailure ? 'timeline-result is-bad' : 'timeline-result'}>
              {result}
            </span>
          </div>
        ))}
        <div className="timeline-row timeline-scale">
          <span />
          <span className="timeline-ends">
            <span>0</span>
            <span>{duration(whole)}</span>
          </span>
          <span />
        </div>
      </div>
    </div>
  )
}

function Bar({ span: { kind, fromMs, toMs }, whole }: { span: Span; whole: number }) {
  const left = Math.min(100 - WIDTH_MIN_PERCENT, (fromMs / whole) * 100)
  const width = Math.max(WIDTH_MIN_PERCENT, ((toMs - fromMs) / whole) * 100)
  return (
    <span
      className={`span span-${kind}`}
      style={{ insetInlineStart: `${left}%`, inlineSize: `${Math.min(width, 100 - left)}%` }}
    />
  )
}
