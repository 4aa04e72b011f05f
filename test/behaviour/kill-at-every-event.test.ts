/**
 * The provider is killed at every event of its stream. Whatever is cut off, the official SDK of
 * the client's dialect has the whole answer in the end, or it has raised what the stream told; it
 * never ends well with less. Known limit: where a connection breaks right behind data, with RST or
 * with FIN, the runtime's `fetch` may lose that data; then the client gets an error although more
 * had been sent, and only a proper end is sure to be whole.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { streamedAnswers } from '../kit/dialect-answers.ts'
import { describeWithFixtures } from '../kit/fixtures.ts'
import { type Recording, recordings } from '../translation/originals.ts'
import { type Pair, pairRows } from './dialect-stand.ts'
import { type Cut, cuts, isToldError, KillStand, type Reading } from './kill-stand.ts'

let stand: KillStand
beforeAll(async () => {
  stand = await KillStand.start()
})
afterAll(() => stand.stop())

/** Of a longer stream only some events in the middle are tried. */
const headCount = 40
const tailCount = 20
const middleCount = 10
/** Readings at the same time. */
const atOnce = 8

/** How many events are sent before the kill, for each that is tried. */
function indices(count: number): readonly number[] {
  const stride = Math.ceil(Math.max(1, count - headCount - tailCount) / middleCount)
  const isTried = (index: number): boolean =>
    index < headCount || index > count - tailCount || index % stride === 0
  return Array.from({ length: count + 1 }, (_, index) => index).filter(isTried)
}

/** Cuts a stream behind the blank line of each event. */
function eventsOf(bytes: Uint8Array): readonly Uint8Array[] {
  const text = Buffer.from(bytes).toString('latin1')
  const events = text.split(/(?<=\r\n\r\n|\n\n)(?=[^\r\n])/)
  return events.map((event) => Buffer.from(event, 'latin1'))
}

/** What became of the kills at all indices. */
interface Tally {
  whole: number
  raised: number
}

/** Kills the provider at every index, in every way, and expects all or an error. */
async function killEverywhere(pair: Pair, events: readonly Uint8Array[]): Promise<Tally> {
  const provider = pair.model.split('/')[0] ?? ''
  const read = (count: number, cut: Cut): Promise<Reading> =>
    stand.read(pair.client, provider, events.slice(0, count), cut)
  const whole = await read(events.length, 'end')
  expect(whole.raised).toBeNull()
  expect(whole.chunks.length).toBeGreaterThan(0)
  const tally: Tally = { whole: 0, raised: 0 }
  const tries = cuts.flatMap((cut) => indices(events.length).map((count) => [count, cut] as const))
  const worker = async (): Promise<void> => {
    for (let next = tries.shift(); next !== undefined; next = tries.shift()) {
      const [count, cut] = next
      const reading = await read(count, cut)
      const place = `${cut} behind ${count} of ${events.length} events`
      expectAllOrError(pair, reading, whole, place)
      const isSent = count === events.length && cut === 'end'
      if (isSent && reading.raised !== null) throw new Error(`${place}: raised ${reading.raised}`)
      tally[reading.raised === null ? 'whole' : 'raised'] += 1
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, worker))
  for (const result of ended) if (result.status === 'rejected') throw result.reason
  // Without any event there is no answer, and with all of them one: both were seen.
  expect(tally.whole).toBeGreaterThan(0)
  expect(tally.raised).toBeGreaterThan(0)
  return tally
}

function expectAllOrError(pair: Pair, reading: Reading, whole: Reading, place: string): void {
  const { chunks, raised } = reading
  if (raised === null) {
    if (Bun.deepEquals(chunks, whole.chunks)) return
    const missing = whole.chunks.slice(chunks.length).join('\n')
    throw new Error(`${place}: a clean end without\n${missing}\nlast was\n${chunks.at(-1)}`)
  }
  if (!isToldError(pair.client, raised)) throw new Error(`${place}: raised ${raised}`)
  const isBeginning = Bun.deepEquals(chunks, whole.chunks.slice(0, chunks.length))
  if (!isBeginning) throw new Error(`${place}: raised, behind what is not the answer's beginning`)
}

describe('a small answer', () => {
  test.each(pairRows)('%s', async (_name, pair) => {
    const events = streamedAnswers[pair.provider].events.map((event) => Buffer.from(event))
    await killEverywhere(pair, events)
  })
})

/**
 * Recordings of each dialect of a provider: long ones, tools, reasoning, several choices. None of
 * the first Gemini models, which said `STOP` in every chunk: behind each of those a cut looks like
 * the end, to everybody.
 */
const played: Readonly<Record<Pair['provider'], readonly string[]>> = {
  chat: ['oaipy__snap-2018feb66a', 'oaipy__snap-a491adda08', 'vercel__deepseek-tool-call'],
  completions: ['envoyai__completion-streaming-usage', 'vercel__openai-completion-text'],
  responses: [
    'oltel__router-analytics-complete-workflow',
    'pydai__openai-responses-thinking-with-code-execution-tool-stream',
    'vercel__openai-reasoning-encrypted-content-1',
  ],
  messages: [
    'llmanth__tools',
    'oltel__anthropic-thinking-streaming-legacy',
    'pydai__anthropic-model-web-search-tool-stream',
  ],
  gemini: [
    'vercel__google-stream-tool-call-arguments',
    'pydai__code-execution-stream',
    'rubyllm__with-extended-thinking-gemini-gemini-3-flash-preview-thinking',
  ],
}

describeWithFixtures('recordings', () => {
  const all = recordings()
  const rows = pairRows.flatMap(([name, pair]) =>
    played[pair.provider].map((part) => [`${part}: ${name}`, pair, part] as const),
  )
  let tried = 0
  afterAll(() => console.log(`kill-at-every-event: ${tried} kills, ${stand.runs} readings`))

  test.each(rows)(
    '%s',
    async (_name, pair, part) => {
      const found = all.find(({ name }: Recording) => name.includes(part))
      if (found === undefined) throw new Error(`the recording ${part} is gone`)
      const { whole, raised } = await killEverywhere(pair, eventsOf(found.bytes))
      tried += whole + raised
    },
    60_000,
  )
})
