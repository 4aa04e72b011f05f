import { describe, expect, test } from 'bun:test'
import { type TraceSampler, traceSamplers } from '../../../src/config/telemetry-settings.ts'
import { traceJoiner } from '../../../src/observe/otlp/joining.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const callerSpan = 'b7ad6b7169203331'

const joinerOf = (sampler: TraceSampler, sampledRatio = 1) =>
  traceJoiner({ sampler, sampledRatio, joinsTraces: true, tellsProviders: true })

const from = (flags: string) =>
  new Headers({ traceparent: `00-${traceId}-${callerSpan}-${flags}`, tracestate: 'a=1' })

/** Whether it keeps a trace that begins here, one that its caller keeps, one that it does not. */
const decisions: Readonly<Record<TraceSampler, readonly [boolean, boolean, boolean]>> = {
  always_on: [true, true, true],
  always_off: [false, false, false],
  traceidratio: [true, true, true],
  parentbased_always_on: [true, true, false],
  parentbased_always_off: [false, true, false],
  parentbased_traceidratio: [true, true, false],
}

test.each(traceSamplers)('%s decides', (sampler) => {
  const join = joinerOf(sampler)
  const isSampled = [new Headers(), from('01'), from('00')].map(
    (headers) => join(headers).isSampled,
  )
  expect(isSampled).toEqual([...decisions[sampler]])
})

test('a caller`s trace goes on, with a span of its own for each request', () => {
  const join = joinerOf('parentbased_always_on')
  const [one, two] = [join(from('01')), join(from('01'))]
  expect(one).toEqual({
    traceId,
    spanId: one.spanId,
    parentSpanId: callerSpan,
    isSampled: true,
    isRandom: false,
    state: 'a=1',
    tellsProviders: true,
  })
  expect(one.spanId).not.toBe(two.spanId)
})

test('a trace begins where the caller has none, or is not to be obeyed', () => {
  const join = joinerOf('parentbased_always_on')
  const own = join(new Headers({ traceparent: 'nonsense', tracestate: 'a=1' }))
  expect([own.parentSpanId, own.state]).toEqual([null, ''])
  const settings = { sampler: 'always_on', sampledRatio: 1, tellsProviders: true } as const
  const deaf = traceJoiner({ ...settings, joinsTraces: false })(from('00'))
  expect(deaf.traceId).not.toBe(traceId)
  expect([deaf.isSampled, deaf.tellsProviders]).toEqual([true, false])
})

describe('a ratio', () => {
  test('is kept to, and decides by the trace and nothing else', () => {
    const join = joinerOf('traceidratio', 0.25)
    const count = 4000
    let kept = 0
    for (let index = 0; index < count; index += 1) {
      const trace = join(new Headers())
      if (trace.isSampled) kept += 1
      const again = join(new Headers({ traceparent: `00-${trace.traceId}-${callerSpan}-00` }))
      expect(again.isSampled).toBe(trace.isSampled)
    }
    // Eight standard deviations: a chance that does not come.
    expect(Math.abs(kept / count - 0.25)).toBeLessThan(0.055)
  })

  test('of 0 and of 1 has no exceptions', () => {
    const ends = ['0'.repeat(31), 'f'.repeat(31)].map((digits) => `1${digits}`)
    for (const [ratio, isKept] of [
      [0, false],
      [1, true],
    ] as const) {
      const join = joinerOf('traceidratio', ratio)
      for (const id of ends) {
        const headers = new Headers({ traceparent: `00-${id}-${callerSpan}-01` })
        expect(join(headers).isSampled).toBe(isKept)
      }
    }
  })
})
