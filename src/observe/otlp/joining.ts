/** Where a request that begins is in a trace, and whether its spans are kept. */
import type { TelemetrySettings } from '../../config/telemetry-settings.ts'
import { newSpanId, newTraceId, readTraceContext, type TraceContext } from '../trace/context.ts'

/** What decides. */
export type JoiningSettings = Pick<
  TelemetrySettings,
  'sampler' | 'sampledRatio' | 'joinsTraces' | 'tellsProviders'
>

/** Makes the function that finds the place of a request in its trace. */
export function traceJoiner(settings: JoiningSettings): (headers: Headers) => TraceContext {
  const { joinsTraces } = settings
  const tellsProviders = joinsTraces && settings.tellsProviders
  const sampled = samplerOf(settings)
  return (headers) => {
    const caller = joinsTraces ? readTraceContext(headers) : null
    const traceId = caller?.traceId ?? newTraceId()
    return {
      traceId,
      spanId: newSpanId(),
      parentSpanId: caller?.parentSpanId ?? null,
      isSampled: sampled(traceId, caller?.isSampled ?? null),
      isRandom: caller?.isRandom ?? false,
      state: caller?.state ?? '',
      tellsProviders,
    }
  }
}

/** @param caller what the caller decided; null where the trace begins here. */
type Sampler = (traceId: string, caller: boolean | null) => boolean

function samplerOf({ sampler, sampledRatio }: JoiningSettings): Sampler {
  const ofRatio = (traceId: string) => isWithin(traceId, sampledRatio)
  switch (sampler) {
    case 'always_on':
      return () => true
    case 'always_off':
      return () => false
    case 'traceidratio':
      return ofRatio
    case 'parentbased_always_on':
      return (_, caller) => caller ?? true
    case 'parentbased_always_off':
      return (_, caller) => caller ?? false
    case 'parentbased_traceidratio':
      return (traceId, caller) => caller ?? ofRatio(traceId)
  }
}

/** A number keeps 52 bits whole. */
const DIGITS = 13
const RANGE = 16 ** DIGITS

/**
 * By the last 56 bits of the id, which are the random ones: the larger they are, the more samplers
 * of all programs that decide alike keep the trace (OpenTelemetry, "TraceState: Probability
 * Sampling").
 */
function isWithin(traceId: string, ratio: number): boolean {
  const drawn = Number.parseInt(traceId.slice(-14, -14 + DIGITS), 16)
  return drawn >= (1 - ratio) * RANGE
}
