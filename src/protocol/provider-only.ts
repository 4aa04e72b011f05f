/**
 * Dialects that providers speak and no client does. They are read from a provider and written to
 * one; the other halves do not exist, and whoever asks for them has made a mistake of ours.
 */
import { GatewayError } from '../core/errors.ts'
import type { Framing } from '../sse/frame.ts'
import type { HubEvent, HubUsage } from './hub/events.ts'
import type { ProtocolName } from './names.ts'
import { NOT_JSON, parseData } from './openai/data.ts'
import { dataErrorEvent, heartbeat, writeError } from './openai/error.ts'
import type { Protocol, Sighting, StreamWatch, Usage } from './protocol.ts'
import type { EventReader, Translation } from './translation.ts'

const finishReasonCharsMax = 64

/** A reader that knows whether the end of the body, now, would be a good one. */
export interface ProviderReader extends EventReader {
  /** The provider has said why the answer ends, even if more may follow. */
  readonly finished: boolean
}

/** What such a dialect consists of. */
export interface ProviderDialect
  extends Pick<Protocol, 'readError'>,
    Pick<Translation, 'writeRequest' | 'readResponse' | 'losses'> {
  readonly name: ProtocolName
  readonly framing: Framing
  reader(): ProviderReader
}

/** The dialect as a protocol, with halves missing. Errors of our own are in OpenAI's shape. */
export function providerOnly(dialect: ProviderDialect): Protocol {
  const { name, framing, readError, writeRequest, readResponse, reader, losses } = dialect
  return {
    name,
    framing,
    hasEndMarker: true,
    dropsInvalid: true,
    heartbeat,
    watch: () => new ReadingWatch(reader()),
    readAnswer: (body) => lastOf(readResponse(body)),
    readError,
    writeError,
    translation: {
      readRequest: neverAsked,
      writeRequest,
      readResponse,
      writeResponse: neverAsked,
      reader,
      writer: neverAsked,
      losses,
    },
  }
}

const neverAsked = (): never => {
  throw new GatewayError('internal_error', {
    cause: new Error('no client speaks this dialect'),
  })
}

/** The last usage, and the error, of an answer. */
function lastOf(events: readonly HubEvent[]): ReturnType<Protocol['readAnswer']> {
  const usage = events.findLast((event) => event.type === 'usage')
  const failure = events.find((event) => event.type === 'error')
  return { usage: usage ? countsOf(usage.usage) : null, error: failure?.error ?? null }
}

function countsOf(usage: HubUsage): Usage {
  const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = usage
  return { inputTokens, outputTokens, cachedInputTokens, reasoningTokens }
}

/**
 * Watches by reading. These streams are always translated, so that a watch only ever sees their
 * beginning, up to the commit point, and needs no way of its own to look at them.
 */
class ReadingWatch implements StreamWatch {
  ended = false
  usage: Usage | null = null
  finishReason: string | null = null
  error: GatewayError | null = null
  readonly missingEnd = null
  readonly #reader: ProviderReader
  #hasContent = false

  constructor(reader: ProviderReader) {
    this.#reader = reader
  }

  get finished(): boolean {
    return this.#reader.finished
  }

  look(data: string, event: string | null = null): Sighting {
    const events = this.#reader.read({ event, data })
    let sighting: Sighting = this.#hasContent ? 'other' : 'head'
    for (const each of events) {
      const seen = this.#take(each)
      if (seen !== null && sighting !== 'content') sighting = seen
      if (seen === 'error') return seen
    }
    if (events.length === 0 && parseData(data) === NOT_JSON) return 'invalid'
    return sighting
  }

  errorEvent(error: GatewayError): string {
    return dataErrorEvent(error)
  }

  #take(event: HubEvent): Sighting | null {
    switch (event.type) {
      case 'start':
      case 'block-end':
        return null
      case 'usage':
        this.usage = countsOf(event.usage)
        return null
      case 'error':
        this.error ??= event.error
        return 'error'
      case 'end':
        this.ended = true
        return 'end'
      case 'finish':
        this.finishReason = (event.native ?? event.reason).slice(0, finishReasonCharsMax)
        if (this.#hasContent) return null
        this.#hasContent = true
        return 'content'
      default:
        this.#hasContent = true
        return 'content'
    }
  }
}
