/** A question and its answer, with reasoning, tool calls and failures apart. */
import { memo } from 'react'
import type { StreamError } from '../../client/error.ts'
import { words } from '../format.ts'
import { Badge, type Tone } from '../parts/pieces.tsx'
import { endingOf, type ShownAnswer } from './turn.ts'

/** One turn. Turns that are over do not render again while another one streams. */
export const TurnView = memo(function TurnView(props: {
  question: string
  model: string
  answer: ShownAnswer
}) {
  const { question, model, answer } = props
  const { isStreaming, content, reasoning, toolCalls, error, metadata } = answer
  const hasBegun = content !== '' || reasoning !== '' || toolCalls.length > 0
  return (
    <li className="turn">
      <div className="turn-question">
        <h3 className="unseen">You</h3>
        <p className="said">{question}</p>
      </div>
      <div className="turn-answer" aria-busy={isStreaming}>
        <h3>
          <span className="soft">{model}</span> <States answer={answer} />
        </h3>
        {reasoning !== '' && (
          <details className="reasoning" open={isStreaming && content === ''}>
            <summary>Reasoning</summary>
            <p className="said">{reasoning}</p>
          </details>
        )}
        {isStreaming && !hasBegun && <p className="soft">Waiting for the first token …</p>}
        {content !== '' && <p className="said answer-text">{content}</p>}
        {toolCalls.map((call, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: calls are only added, never moved.
          <div className="tool-call" key={index}>
            <p>
              Tool call <code>{call.name}</code>
            </p>
            <pre>{call.arguments}</pre>
          </div>
        ))}
        {!isStreaming && error === null && !hasBegun && metadata.finishReason !== null && (
          <p className="soft">The answer is empty.</p>
        )}
        {error !== null && <Failure error={error} hasContent={hasBegun} />}
      </div>
    </li>
  )
})

function States({ answer }: { answer: ShownAnswer }) {
  const { metadata } = answer
  const ending = endingOf(answer)
  const resumes = metadata.metrics?.resumes ?? 0
  const tone: Tone = ending === 'failed' ? 'bad' : 'warn'
  return (
    <>
      {metadata.isReconnecting && <Badge tone="warn">trying again</Badge>}{' '}
      {resumes > 0 && <Badge tone="good">resumed {resumes} ×</Badge>}{' '}
      {metadata.isRefusal && <Badge tone="warn">refusal</Badge>}{' '}
      {ending !== null && <Badge tone={tone}>{words(ending)}</Badge>}
    </>
  )
}

/** What is known of a failure, as it is: nothing is made up, and nothing left out. */
function Failure({ error, hasContent }: { error: StreamError; hasContent: boolean }) {
  const facts = [
    error.code,
    error.status === null ? null : `status ${error.status}`,
    error.requestId,
    error.retryable ? 'may work another time' : 'would fail again',
  ].filter((fact) => fact !== null)
  return (
    <div className="failure" role="alert">
      <p>
        <strong>{hasContent ? 'The answer broke off.' : 'There is no answer.'}</strong>{' '}
        {error.message}
      </p>
      <p className="hint">{facts.join(' · ')}</p>
    </div>
  )
}
