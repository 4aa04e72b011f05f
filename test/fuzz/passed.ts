/** Streams through the ways that the relay has for them, and what a client gets of each. */
import { createBufferPool } from '../../src/buffer/pool.ts'
import { bufferPoolDefaults } from '../../src/buffer/settings.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { Exchange } from '../../src/observe/exchange.ts'
import type { Passage } from '../../src/relay/passage.ts'
import { Tail } from '../../src/relay/tail.ts'
import { ensure, ensureOurs } from './promises.ts'

/** The bound of an event; larger than any that the fuzzer makes. */
export const bytesMax = 1 << 20

const pool = createBufferPool(bufferPoolDefaults, { assertZeroed: true })

/** A record that nobody reads. */
export const exchange = (): Exchange => new Exchange('chat-completions', 'POST')

/** What became of a stream. */
export interface Passed {
  readonly text: string
  /** The code of what broke it; null where nothing did. */
  readonly failure: string | null
  /** Its error was held back, for another answer to go on. */
  readonly held: boolean
  readonly passage: Passage
}

/** What becomes of a stream that is translated, with the error that the client is told. */
export function passed(passage: Passage, chunks: readonly Uint8Array[]): Passed {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let text = ''
  const add = (segments: readonly Uint8Array[]): void => {
    for (const segment of segments) text += decoder.decode(segment, { stream: true })
  }
  try {
    for (const chunk of chunks) {
      add(passage.take(chunk))
      passage.settle()
      // Behind its end a provider is read no more.
      if (passage.ended || passage.error !== null || passage.held !== null) break
    }
    if (passage.held === null) add(passage.finish())
    const failure = passage.held?.code ?? null
    return { text, failure, held: failure !== null, passage }
  } catch (thrown) {
    ensureOurs(thrown)
    const error = thrown instanceof GatewayError ? thrown : new GatewayError('internal_error')
    // As bytes, like all the rest: half a surrogate pair leaves as a replacement character.
    if (passage.atBoundary) text += passage.errorEvent(error, 'req_fuzz').toWellFormed()
    return { text, failure: error.code, held: false, passage }
  }
}

/**
 * What becomes of a stream that is inspected, to the very end: behind an end marker the bytes still
 * pass. Every byte is one character.
 * @param make the passage, which is given the tail that it may hold bytes in.
 */
export function inspected(
  make: (tail: Tail) => Passage,
  chunks: readonly Uint8Array[],
): Omit<Passed, 'passage'> {
  const tail = new Tail(pool)
  const passage = make(tail)
  const segments: Uint8Array[] = []
  const add = (views: readonly Uint8Array[]): void => {
    for (const view of views) segments.push(view.slice())
  }
  let failure: string | null = null
  try {
    for (const chunk of chunks) {
      add(passage.take(chunk))
      passage.settle()
      if (passage.held !== null) break
    }
    if (passage.held === null) add(passage.finish())
  } catch (thrown) {
    ensureOurs(thrown)
    failure = thrown instanceof GatewayError ? thrown.code : null
  }
  tail.release()
  const { totalInUse, overflowInUse } = pool.getMetrics()
  ensure(totalInUse + overflowInUse === 0, 'a buffer was not given back', totalInUse)
  // A CR that is cut from its LF ends a line by itself; what is left of the pair says the same.
  const text = Buffer.concat(segments).toString('latin1').replaceAll(/\r\n?/g, '\n')
  return { text, failure: passage.held?.code ?? failure, held: passage.held !== null }
}
