/** The translator against the inspector, which take the same chunks in the same process. */
import { createBufferPool } from '../../src/buffer/pool.ts'
import { bufferPoolDefaults } from '../../src/buffer/settings.ts'
import { Exchange } from '../../src/observe/exchange.ts'
import { type AnswerContext, translationOf } from '../../src/protocol/translation.ts'
import { EventInspector } from '../../src/relay/inspector.ts'
import type { Passage } from '../../src/relay/passage.ts'
import { Tail } from '../../src/relay/tail.ts'
import { Translator } from '../../src/relay/translator.ts'
import { type Content, contents, streamOf } from './content.ts'
import type { Cost } from './costs.ts'
import { type ClientDialect, clientDialects, type Source } from './dialects.ts'
import { providerDialects } from './provider-dialects.ts'

/** How long it is measured. */
export interface Thoroughness {
  readonly events: number
  /** Streams in one measurement: so many that the collector has its share in each. */
  readonly streams: number
  /** Measurements of each; the least counts, since whatever else runs can only add to it. */
  readonly rounds: number
}

const clients: readonly ClientDialect[] = Object.values(clientDialects)
const eventBytesMax = 1 << 20

const pool = createBufferPool(bufferPoolDefaults)
const exchange = (): Exchange => new Exchange('chat-completions', 'POST')

function contextOf({ protocol, request }: ClientDialect): AnswerContext {
  const { body } = request('bench')
  return {
    ...{ model: 'bench', requestId: 'req_bench', createdS: 1_760_000_000, includeUsage: true },
    framing: 'sse',
    request: translationOf(protocol).readRequest({ ...body }, { model: 'bench', stream: true }),
  }
}

/** Takes a whole stream. @throws where it did not come to its end. */
function takeAll(passage: Passage, chunks: readonly Uint8Array[]): number {
  let bytes = 0
  const count = (segments: readonly Uint8Array[]): void => {
    for (const { length } of segments) bytes += length
  }
  for (const chunk of chunks) {
    count(passage.take(chunk))
    passage.settle()
  }
  count(passage.finish())
  if (!passage.complete || passage.error !== null) throw new Error('It was not understood.')
  return bytes
}

function passing({ protocol }: Source, chunks: readonly Uint8Array[]): () => void {
  return () => {
    const tail = new Tail(pool)
    takeAll(new EventInspector(protocol, tail, exchange(), eventBytesMax), chunks)
    tail.release()
  }
}

function translating(from: Source, to: ClientDialect, chunks: readonly Uint8Array[]): () => void {
  const context = contextOf(to)
  return () => {
    const translator = new Translator(
      from.protocol,
      to.protocol,
      context,
      exchange(),
      eventBytesMax,
    )
    if (takeAll(translator, chunks) === 0) throw new Error('Nothing was written.')
  }
}

/** The least processor time of each run, in microseconds; they take turns. */
function leastMicros(runs: readonly (() => void)[], { streams, rounds }: Thoroughness): number[] {
  const least = runs.map(() => Number.POSITIVE_INFINITY)
  // The first two rounds warm up.
  for (let round = -2; round < rounds; round += 1) {
    for (const [index, run] of runs.entries()) {
      const before = process.cpuUsage()
      for (let stream = 0; stream < streams; stream += 1) run()
      const { user, system } = process.cpuUsage(before)
      if (round >= 0) least[index] = Math.min(least[index] ?? 0, (user + system) / streams)
    }
  }
  return least
}

/**
 * Every dialect of a provider to every dialect of a client. What no client speaks is compared with
 * passing chat completions.
 */
export function measureInProcess(thoroughness: Thoroughness): readonly Cost[] {
  const sources: readonly Source[] = [...clients, ...Object.values(providerDialects)]
  return contents.flatMap((content) =>
    sources
      .filter((source) => source.contents.includes(content))
      .flatMap((source) => measureSource(source, content, thoroughness)),
  )
}

function measureSource(source: Source, content: Content, thoroughness: Thoroughness): Cost[] {
  const { events } = thoroughness
  const chunks = streamOf(source.events, content, events)
  const passed = clients.find((client) => client === source) ?? clientDialects.chat
  const others = clients.filter((client) => client !== source)
  const [passedMicros = Number.NaN, ...translated] = leastMicros(
    [
      passing(passed, streamOf(passed.events, content, events)),
      ...others.map((client) => translating(source, client, chunks)),
    ],
    thoroughness,
  )
  return others.map((client, index) => ({
    content,
    provider: source.protocol.name,
    client: client.protocol.name,
    passedMicros: passedMicros / events,
    translatedMicros: (translated[index] ?? Number.NaN) / events,
  }))
}
