/** Which requests get a line, and what is in it. */
import { describe, expect, test } from 'bun:test'
import { type ErrorCode, GatewayError } from '../../src/core/errors.ts'
import { AttemptFacts, type AttemptKind } from '../../src/observe/attempt-facts.ts'
import { Exchange } from '../../src/observe/exchange.ts'
import { createLog, type LogSettings } from '../../src/observe/log.ts'
import { isInSample } from '../../src/observe/log-request.ts'
import { Redactor } from '../../src/observe/redact.ts'

interface Story {
  readonly durationMs?: number
  readonly firstContentMs?: number
  readonly error?: ErrorCode
  /** Outcomes of attempts that failed before the last one. */
  readonly failures?: readonly ErrorCode[]
  readonly model?: string
}

/** A request that has ended, as the stages would have left its record. */
function ended(story: Story = {}): Exchange {
  const { durationMs = 2000, firstContentMs = 300, error, failures = [], model = 'gpt-5' } = story
  const exchange = new Exchange('chat-completions', 'POST')
  const { startedAtMs } = exchange
  const attempt = (kind: AttemptKind, outcome: ErrorCode | 'answered'): void => {
    const facts = new AttemptFacts(`openai/${model}`, kind, exchange)
    facts.headersAtMs = startedAtMs + 100
    facts.end(outcome, outcome === 'answered' ? 200 : 503)
    exchange.attemptLog.push(facts)
  }
  for (const failure of failures) attempt('retry', failure)
  if (error === undefined) attempt('first', 'answered')
  exchange.attempts = exchange.attemptLog.length
  exchange.provider = 'openai'
  exchange.upstreamModel = model
  exchange.streaming = true
  exchange.status = 200
  exchange.endReason = 'completed'
  exchange.headersAtMs = startedAtMs + 100
  exchange.openedAtMs = startedAtMs + firstContentMs
  for (let event = 0; event < 50; event += 1) {
    exchange.gaps.seen()
    exchange.contentSent(startedAtMs + firstContentMs + event * 12)
  }
  exchange.endedAtMs = startedAtMs + durationMs
  exchange.inputTokens = 120
  exchange.outputTokens = 812
  exchange.costMicroUsd = 4210
  if (error !== undefined) {
    exchange.status = 502
    exchange.endReason = 'upstream_error'
    exchange.useError(new GatewayError(error))
  }
  return exchange
}

type Line = Record<string, unknown>

/** The lines that these requests get. */
function linesOf(exchanges: readonly Exchange[], settings: Partial<LogSettings> = {}): string[] {
  const lines: string[] = []
  const base = { level: 'info', format: 'json', worker: 1 } as const
  const log = createLog({ ...base, ...settings }, (line) => lines.push(line))
  for (const exchange of exchanges) log.request(exchange)
  return lines
}

const parsed = (exchange: Exchange, settings: Partial<LogSettings> = {}): Line =>
  JSON.parse(linesOf([exchange], settings)[0] ?? 'null')

describe('what is said of a request', () => {
  test('a success has all its facts, and not its attempts', () => {
    const line = parsed(ended())
    expect(line).toMatchObject({
      ...{ level: 'info', message: 'POST chat-completions', worker: 1, status: 200 },
      ...{ end: 'completed', error: null, provider: 'openai', model: 'gpt-5', stream: true },
      ...{ attempts: 1, headersMs: 100, firstContentMs: 300, durationMs: 2000, gapMaxMs: 12 },
      ...{ stalls: null, inputTokens: 120, outputTokens: 812, costUsd: 0.00421, resumes: null },
    })
    expect(line.gapP50Ms).toBeCloseTo(12, 0)
    expect(line.gapP99Ms).toBeCloseTo(12, 0)
    expect(line.tokensPerSecond).toBeCloseTo(812 / 1.7, 0)
    expect(line.overheadMs).toBeNumber()
    for (const absent of ['tried', 'slow', 'sampleRate']) expect(line).not.toHaveProperty(absent)
  })

  test('a failure has the story of its attempts', () => {
    const line = parsed(
      ended({ error: 'upstream_error', failures: ['upstream_reset', 'upstream_error'] }),
    )
    expect(line).toMatchObject({ level: 'warn', error: 'upstream_error', end: 'upstream_error' })
    expect(line.tried).toEqual([
      expect.objectContaining({ target: 'openai/gpt-5', kind: 'retry', outcome: 'upstream_reset' }),
      expect.objectContaining({ outcome: 'upstream_error', status: 503, headersMs: 100 }),
    ])
  })

  test('so has a success behind a failure', () => {
    const line = parsed(ended({ failures: ['upstream_closed'] }))
    expect(line.level).toBe('info')
    expect(line.tried).toHaveLength(2)
  })
})

test('a hedge is counted, told of, and no failure', () => {
  const exchange = ended()
  const hedge = new AttemptFacts('anthropic/claude', 'hedge', exchange)
  hedge.end('outrun')
  exchange.attemptLog.push(hedge)
  exchange.attempts = 2
  expect(parsed(exchange)).toMatchObject({ attempts: 2, hedges: 1, tried: [{}, { kind: 'hedge' }] })
  expect(linesOf([exchange], { sampleRate: 0 })).toEqual([])
})

describe('slow requests', () => {
  const limits = { slowMs: 1000, slowFirstTokenMs: 250 }

  test.each<[string, Story, boolean]>([
    ['neither', { durationMs: 900, firstContentMs: 200 }, false],
    ['its whole time', { durationMs: 1100, firstContentMs: 200 }, true],
    ['its first content', { durationMs: 900, firstContentMs: 300 }, true],
  ])('%s', (_, story, slow) => {
    const line = parsed(ended(story), limits)
    expect(line.slow).toBe(slow ? true : undefined)
    expect(line.level).toBe(slow ? 'warn' : 'info')
    expect(Array.isArray(line.tried)).toBe(slow)
  })

  test('a whole answer has no first token that could be late', () => {
    const exchange = ended({ durationMs: 900, firstContentMs: 300 })
    exchange.streaming = false
    expect(parsed(exchange, limits)).not.toHaveProperty('slow')
  })

  test('are warnings, so that they are there where successes are not', () => {
    expect(linesOf([ended()], { ...limits, level: 'warn' })).toHaveLength(1)
    expect(linesOf([ended()], { level: 'warn' })).toHaveLength(0)
  })

  test('an error stays one', () => {
    expect(parsed(ended({ error: 'internal_error' }), limits).level).toBe('error')
  })
})

describe('the sample', () => {
  const exchanges = Array.from({ length: 4000 }, () => ended())

  test('takes its share of successes, the same ones each time, and says so', () => {
    const lines = linesOf(exchanges, { sampleRate: 0.25 })
    expect(lines.length).toBeGreaterThan(800)
    expect(lines.length).toBeLessThan(1200)
    const ids = lines.map((line) => (JSON.parse(line) as Line).id)
    expect(ids).toEqual(exchanges.map(({ id }) => id).filter((id) => isInSample(id, 0.25)))
    expect(lines.every((line) => line.includes('"sampleRate":0.25'))).toBe(true)
  })

  test('a smaller one is part of a larger one; none and all are what they say', () => {
    for (const { id } of exchanges.slice(0, 500)) {
      if (isInSample(id, 0.1)) expect(isInSample(id, 0.3)).toBe(true)
      expect([isInSample(id, 0), isInSample(id, 1)]).toEqual([false, true])
    }
    // So that anyone can tell from an id: CRC-32 of its text.
    expect(isInSample('req_0', 0.3)).toBe(Bun.hash.crc32('req_0') / 2 ** 32 < 0.3)
  })

  test.each<[string, Exchange, Partial<LogSettings>]>([
    ['failures', ended({ error: 'upstream_error' }), {}],
    ['recoveries', ended({ failures: ['upstream_reset'] }), {}],
    ['slow ones', ended(), { slowMs: 1 }],
    ['what a client came back to', Object.assign(ended(), { resumes: 1 }), {}],
    ['those that the client left', ended({ error: 'client_gone' }), {}],
  ])('never leaves out %s', (_, exchange, settings) => {
    const line = parsed(exchange, { ...settings, sampleRate: 0 })
    expect(line.id).toBe(exchange.id)
    expect(line).not.toHaveProperty('sampleRate')
  })
})

describe('names that others chose', () => {
  const key = 'a-configured-secret-0001'
  const nasty = `gpt\u001b[31m\r\n{"level":"error"} ${key} sk-proj-abcdefghijkl\u202e`

  test.each(['json', 'pretty'] as const)(
    '%s: no secret, one line, no colour of theirs',
    (format) => {
      const exchange = ended({
        model: nasty,
        error: 'upstream_error',
        failures: ['upstream_reset'],
      })
      exchange.finishReason = nasty
      const [line = ''] = linesOf([exchange], { format, redactor: new Redactor([key]) })
      expect(line).not.toContain(key)
      expect(line).not.toContain('sk-proj')
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/)
      expect(line.endsWith('\n')).toBe(true)
      expect(line).toContain('gpt?[31m')
    },
  )

  test('a line is never longer than what a pipe takes whole', () => {
    const long = '模'.repeat(4000)
    const failures = Array.from({ length: 40 }, () => 'upstream_reset' as const)
    const exchange = ended({ model: long, error: 'upstream_error', failures })
    exchange.finishReason = long
    for (const format of ['json', 'pretty'] as const) {
      const [line = ''] = linesOf([exchange], { format })
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4001)
      expect(line).toContain('upstream_reset')
    }
  })

  test('texts of other lines are clean too', () => {
    const lines: string[] = []
    const settings = { level: 'info', format: 'json', worker: 0, redactor: new Redactor([key]) }
    const log = createLog(settings as LogSettings, (line) => lines.push(line))
    log.line('error', 'configuration refused', { problem: `got ${key}\u2028`, count: 2 })
    log.line('error', 'stack', { stack: 'at x < '.repeat(2000) })
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ problem: 'got ***?', count: 2 })
    expect(lines[1]?.length).toBeLessThan(1200)
  })
})

describe('for people', () => {
  const pretty = (exchange: Exchange, settings: Partial<LogSettings> = {}): string =>
    linesOf([exchange], { format: 'pretty', ...settings })[0] ?? ''

  test('a success reads from left to right', () => {
    expect(pretty(ended())).toMatch(
      new RegExp(
        '^[\\d:.]{12} info {2}200 {2}chat-completions {2}openai/gpt-5 {2}first 300ms {2}' +
          'gaps 12/12/12ms {2}[\\d.]+ tok/s {2}tokens 120\\+812 {2}\\$0.004210 {2}2.00s {2}' +
          'completed {2}req_[a-z0-9]{24}\\n$',
      ),
    )
  })

  test('a failure tells why and what was tried', () => {
    const line = pretty(ended({ error: 'upstream_error', failures: ['upstream_reset'] }))
    expect(line).toContain(' warn  502 ')
    expect(line).toContain('tried retry openai/gpt-5 upstream_reset 503 ')
  })

  test('colours are there where they are wanted, and are balanced', () => {
    const csi = '\u001b['
    expect(pretty(ended())).not.toContain(csi)
    const coloured = pretty(ended({ error: 'upstream_error', failures: ['upstream_reset'] }), {
      colours: true,
    })
    expect(coloured).toContain(`${csi}31m502${csi}39m`)
    const plain = Bun.stripANSI(coloured)
    expect(plain).not.toContain(csi)
    expect(plain).toContain(' 502 ')
  })
})
