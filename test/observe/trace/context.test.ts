import { describe, expect, test } from 'bun:test'
import {
  newSpanId,
  newTraceId,
  readTraceContext,
  type TraceContext,
  tellTrace,
  traceparentOf,
} from '../../../src/observe/trace/context.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const parentSpanId = 'b7ad6b7169203331'
const good = `00-${traceId}-${parentSpanId}-01`

const readOf = (traceparent: string, tracestate?: string) =>
  readTraceContext(new Headers({ traceparent, ...(tracestate !== undefined && { tracestate }) }))

describe('traceparent', () => {
  test('is read', () => {
    expect(readOf(good)).toEqual({
      traceId,
      parentSpanId,
      isSampled: true,
      isRandom: false,
      state: '',
    })
    expect(readOf(`00-${traceId}-${parentSpanId}-00`)?.isSampled).toBe(false)
    expect(readOf(`00-${traceId}-${parentSpanId}-03`)?.isRandom).toBe(true)
    expect(readTraceContext(new Headers())).toBeNull()
  })

  test('of a later version is read as far as it is known', () => {
    expect(readOf(`cc-${traceId}-${parentSpanId}-01-what-the-future-will-be-like`)).toEqual(
      readOf(good),
    )
    expect(readOf(`cc-${traceId}-${parentSpanId}-01.future`)).toBeNull()
  })

  test.each([
    '',
    'nonsense',
    good.toUpperCase(),
    `ff-${traceId}-${parentSpanId}-01`,
    `0-${traceId}-${parentSpanId}-01`,
    `00-${'0'.repeat(32)}-${parentSpanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.slice(1)}-${parentSpanId}-01`,
    `00-${traceId}-${parentSpanId.slice(1)}-01`,
    `00-${traceId}-${parentSpanId}-1`,
    `00-${traceId}-${parentSpanId}-0x`,
    `00-${traceId}-${parentSpanId}-01-`,
    `00-${traceId}-${parentSpanId}-01-more`,
    `00_${traceId}_${parentSpanId}_01`,
    `${good}, ${good}`,
  ])('%p is none', (header) => {
    expect(readOf(header)).toBeNull()
  })
})

describe('tracestate', () => {
  const stateOf = (text: string) => readOf(good, text)?.state

  test('is passed on as it is, without blanks around its members and empty ones', () => {
    expect(stateOf('rojo=00f067aa0ba902b7,congo=t61rcWkgMzE')).toBe(
      'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
    )
    expect(stateOf(' a=1 ,\t b=2,, c=a b')).toBe('a=1,b=2,c=a b')
    expect(stateOf('1a-_*/@sys-_*/=!~')).toBe('1a-_*/@sys-_*/=!~')
    const many = Array.from({ length: 32 }, (_, index) => `k${index}=v`).join(',')
    expect(stateOf(many)).toBe(many)
  })

  test.each([
    'noequals',
    '=value',
    'KEY=value',
    'a=b=c',
    'a=1,a=2',
    'a=\u00e9',
    `${'k'.repeat(257)}=v`,
    `k=${'v'.repeat(257)}`,
    `${'t'.repeat(242)}@v=1`,
    `t@${'v'.repeat(15)}=1`,
    Array.from({ length: 33 }, (_, index) => `k${index}=v`).join(','),
  ])('%p is left out, and the trace is joined all the same', (text) => {
    expect(readOf(good, text)).toEqual(readOf(good))
  })
})

describe('what a provider is told', () => {
  const trace: TraceContext = {
    traceId,
    spanId: '00f067aa0ba902b7',
    parentSpanId,
    isSampled: true,
    isRandom: true,
    state: 'a=1',
    tellsProviders: true,
  }

  test('is the trace, and the attempt as the parent', () => {
    const headers = new Headers()
    tellTrace(headers, trace, 'aaaaaaaaaaaaaaaa')
    expect(headers.get('traceparent')).toBe(`00-${traceId}-aaaaaaaaaaaaaaaa-03`)
    expect(headers.get('tracestate')).toBe('a=1')
    expect(traceparentOf({ ...trace, isSampled: false, isRandom: false }, parentSpanId)).toBe(
      `00-${traceId}-${parentSpanId}-00`,
    )
  })

  test('is nothing where there is no trace, or it is not to be told', () => {
    const headers = new Headers()
    tellTrace(headers, null, '')
    tellTrace(headers, { ...trace, tellsProviders: false }, 'aaaaaaaaaaaaaaaa')
    expect([...headers]).toEqual([])
  })
})

test('ids are as long as they must be, and new each time', () => {
  const ids = Array.from({ length: 100 }, () => [newTraceId(), newSpanId()])
  for (const [trace, span] of ids) {
    expect(trace).toMatch(/^[0-9a-f]{32}$/)
    expect(span).toMatch(/^[0-9a-f]{16}$/)
  }
  expect(new Set(ids.flat()).size).toBe(200)
})
