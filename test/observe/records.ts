/** Records of requests for tests of what is made of them. */
import { AttemptFacts, type AttemptKind } from '../../src/observe/attempt-facts.ts'
import { Exchange } from '../../src/observe/exchange.ts'
import { finishedOf } from '../../src/observe/finish.ts'
import type { FinishedRequest } from '../../src/observe/finished.ts'

/** Fields of a record that a test decides. */
export type ExchangeFields = { -readonly [Name in keyof Exchange]?: Exchange[Name] }

/** A whole stream of ten events, 20 ms apart, that was ended by its end; with other fields. */
export function exchangeOf(fields: ExchangeFields = {}): Exchange {
  const exchange = new Exchange('chat-completions', 'POST')
  const { startedAtMs } = exchange
  const { provider = 'openai', upstreamModel = 'gpt-test' } = fields
  const facts = new AttemptFacts(`${provider}/${upstreamModel}`, 'first', exchange)
  facts.sentAtMs = startedAtMs + 2
  facts.headersAtMs = startedAtMs + 30
  facts.answeredAtMs = startedAtMs + 40
  facts.end('answered', 200)
  exchange.attemptLog.push(facts)
  exchange.useAttempt(facts)
  for (let event = 0; event < 10; event += 1) {
    exchange.gaps.seen()
    exchange.contentSent(startedAtMs + 41 + event * 20)
  }
  return Object.assign(exchange, {
    provider: 'openai',
    upstreamModel: 'gpt-test',
    streaming: true,
    attempts: 1,
    status: 200,
    endReason: 'completed',
    firstEventAtMs: startedAtMs + 41,
    openedAtMs: startedAtMs + 41,
    upstreamWaitMs: 38,
    endedAtMs: startedAtMs + 241,
    events: 11,
    bytesIn: 2000,
    bytesOut: 2010,
    inputTokens: 7,
    outputTokens: 10,
    costMicroUsd: 12,
    ...fields,
  })
}

/** The same when it has ended, with other fields. */
export const finishedWith = (fields: Partial<FinishedRequest> = {}): FinishedRequest => ({
  ...finishedOf(exchangeOf()),
  ...fields,
})

/** Further attempts of these kinds. */
export function withAttempts(exchange: Exchange, ...kinds: AttemptKind[]): Exchange {
  for (const kind of kinds) {
    exchange.attemptLog.push(new AttemptFacts('openai/gpt-test', kind, exchange))
  }
  return exchange
}
