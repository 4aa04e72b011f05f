/** The spans of the calls that a request made to its providers. */
import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import {
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_REQUEST_STREAM,
  ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_RESEND_COUNT,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '@opentelemetry/semantic-conventions/incubating'
import type { AttemptFacts } from '../attempt-facts.ts'
import type { CapturedContent } from '../content.ts'
import type { Exchange } from '../exchange.ts'
import type { TokenCounts } from '../token-counts.ts'
import { operationOf } from './conventions.ts'
import type { SpanEvent, SpanFacts, SpanSources } from './span.ts'

/** One span for each attempt that is on record. */
export function attemptSpans(exchange: Exchange, sources: SpanSources): SpanFacts[] {
  const { trace, attemptLog } = exchange
  const { placeOf, clean, content } = sources
  if (trace === null) return []
  const answered = attemptLog.findLast(({ outcome }) => outcome === 'answered')
  return attemptLog.map((facts, index) => {
    const { provider, model } = targetOf(facts, clean)
    const operation = operationOf(exchange)
    const failure = failureOf(facts)
    const { name: providerName, address } = placeOf(provider)
    const attributes: Attributes = {
      [ATTR_HTTP_REQUEST_METHOD]: exchange.method,
      'sluice.attempt.kind': facts.kind,
      ...(operation !== null && {
        [ATTR_GEN_AI_OPERATION_NAME]: operation,
        [ATTR_GEN_AI_PROVIDER_NAME]: providerName,
        [ATTR_GEN_AI_REQUEST_STREAM]: exchange.streaming,
      }),
      ...(model !== null && { [ATTR_GEN_AI_REQUEST_MODEL]: model }),
      ...(facts.outcome !== null && { 'sluice.attempt.outcome': facts.outcome }),
      ...(failure !== null && { [ATTR_ERROR_TYPE]: failure }),
      ...(facts.status !== null && { [ATTR_HTTP_RESPONSE_STATUS_CODE]: facts.status }),
      ...(facts.kind === 'retry' && { [ATTR_HTTP_REQUEST_RESEND_COUNT]: index }),
      ...(address !== null && {
        [ATTR_SERVER_ADDRESS]: address.host,
        [ATTR_SERVER_PORT]: address.port,
      }),
      ...(facts === answered ? answerAttributes(exchange, clean) : usageAttributes(facts)),
      ...(facts === (answered ?? attemptLog.at(-1)) && contentAttributes(content)),
    }
    return {
      name: operation === null ? exchange.method : nameOf(operation, model),
      kind: SpanKind.CLIENT,
      spanId: facts.spanId,
      parentSpanId: trace.spanId,
      isParentRemote: false,
      startedAtMs: facts.startedAtMs,
      endedAtMs: endOf(facts, exchange),
      status: { code: failure === null ? SpanStatusCode.UNSET : SpanStatusCode.ERROR },
      attributes,
      events: eventsOf(facts),
    }
  })
}

const nameOf = (operation: string, model: string | null): string =>
  model === null ? operation : `${operation} ${model}`

/** A target is on record as `provider/model`, and which key where there are several. */
function targetOf(
  { target }: AttemptFacts,
  clean: SpanSources['clean'],
): { provider: string; model: string | null } {
  const slash = target.indexOf('/')
  const model = target.slice(slash + 1).replace(/#\d+$/, '')
  return { provider: target.slice(0, slash), model: model === '*' ? null : clean(model) }
}

/** An answer goes on behind the point where the attempt has done its work. */
const endOf = ({ leftAtMs, endedAtMs }: AttemptFacts, exchange: Exchange): number =>
  leftAtMs || endedAtMs || exchange.endedAtMs

/** Why it failed; null for one that did not, and for what its caller or another one ended. */
function failureOf({ outcome, brokeWith }: AttemptFacts): string | null {
  const code = outcome === 'answered' ? brokeWith : outcome
  return code?.startsWith('upstream_') === true ? code : null
}

/** What is known of the answer that the client got. */
function answerAttributes(exchange: Exchange, clean: SpanSources['clean']): Attributes {
  const { finishReason, responseModel, firstContentAtMs, upstreamSentAtMs, streaming } = exchange
  const hasFirst = streaming && firstContentAtMs > 0 && upstreamSentAtMs > 0
  return {
    ...usageAttributes(exchange),
    ...(responseModel !== null && { [ATTR_GEN_AI_RESPONSE_MODEL]: clean(responseModel) }),
    ...(finishReason !== null && {
      [ATTR_GEN_AI_RESPONSE_FINISH_REASONS]: [clean(finishReason)],
    }),
    ...(hasFirst && {
      [ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK]: (firstContentAtMs - upstreamSentAtMs) / 1000,
    }),
  }
}

/** What was asked, and where there is one, the answer. */
function contentAttributes(content: CapturedContent | null): Attributes {
  const { input = null, output = null } = content ?? {}
  return {
    ...(input !== null && { [ATTR_GEN_AI_INPUT_MESSAGES]: input }),
    ...(output !== null && { [ATTR_GEN_AI_OUTPUT_MESSAGES]: output }),
  }
}

/** The tokens that the provider told of. */
export function usageAttributes(counts: TokenCounts): Attributes {
  const named = {
    [ATTR_GEN_AI_USAGE_INPUT_TOKENS]: counts.inputTokens,
    [ATTR_GEN_AI_USAGE_OUTPUT_TOKENS]: counts.outputTokens,
    [ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS]: counts.cachedInputTokens,
    [ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS]: counts.cacheWriteInputTokens,
    [ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS]: counts.reasoningTokens,
  }
  const attributes: Attributes = {}
  for (const [name, count] of Object.entries(named)) if (count !== null) attributes[name] = count
  return attributes
}

/** The span begins when the call does, and the request's own tells of the first token. */
const eventsOf = ({ headersAtMs }: AttemptFacts): SpanEvent[] =>
  headersAtMs === 0 ? [] : [{ name: 'sluice.headers_received', atMs: headersAtMs }]
