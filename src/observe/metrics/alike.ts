/**
 * Requests that are counted in the same rows, so that the rows are found without building a key:
 * the fields that labels are made of are compared, and the requests of a model are few kinds.
 */
import type { Exchange } from '../exchange.ts'
import type { Row } from './series-table.ts'

/** The rows of a request. */
export interface Rows {
  readonly requests: Row
  readonly ends: Row | null
  readonly errors: Row | null
  readonly traffic: Row
  /** Of the requests that were attempted. */
  readonly costs: Row | null
  readonly durations: Row | null
  readonly answers: Row | null
}

/** What labels are made of. */
type Kind = Pick<
  Exchange,
  | 'endpoint'
  | 'path'
  | 'provider'
  | 'route'
  | 'model'
  | 'status'
  | 'streaming'
  | 'endReason'
  | 'errorCode'
> & { readonly isAttempted: boolean }

/** Models, and kinds of requests of each; beyond that all are forgotten. */
const MODELS_MAX = 256
const KINDS_MAX = 24

/** What clients wrote is kept here, so it must not be long. */
const TEXT_LENGTH_MAX = 512

/** The rows that were used. */
export class Alike {
  readonly #known = new Map<string | null, { readonly kind: Kind; readonly rows: Rows }[]>()

  /** The rows of a request that is like this one. */
  find(exchange: Exchange): Rows | undefined {
    const kinds = this.#known.get(exchange.upstreamModel)
    return kinds?.find(({ kind }) => isOfKind(exchange, kind))?.rows
  }

  /** Remembers the rows of a request, unless its texts are longer than names are. */
  keep(exchange: Exchange, rows: Rows): void {
    const { upstreamModel, model, path } = exchange
    const length = (upstreamModel?.length ?? 0) + (model?.length ?? 0) + path.length
    if (length > TEXT_LENGTH_MAX) return
    if (this.#known.size >= MODELS_MAX) this.clear()
    const kinds = this.#known.get(upstreamModel) ?? []
    if (kinds.length >= KINDS_MAX) kinds.length = 0
    kinds.push({ kind: kindOf(exchange), rows })
    this.#known.set(upstreamModel, kinds)
  }

  /** Forgets all. */
  clear(): void {
    this.#known.clear()
  }
}

function kindOf(exchange: Exchange): Kind {
  const { endpoint, path, provider, route, model } = exchange
  const { status, streaming, endReason, errorCode, attempts } = exchange
  const isAttempted = attempts > 0
  return {
    ...{ endpoint, path, provider, route, model, status, streaming, endReason, errorCode },
    isAttempted,
  }
}

const isOfKind = (exchange: Exchange, kind: Kind): boolean =>
  exchange.endReason === kind.endReason &&
  exchange.errorCode === kind.errorCode &&
  exchange.status === kind.status &&
  exchange.endpoint === kind.endpoint &&
  exchange.streaming === kind.streaming &&
  exchange.attempts > 0 === kind.isAttempted &&
  exchange.provider === kind.provider &&
  exchange.route === kind.route &&
  exchange.model === kind.model &&
  exchange.path === kind.path
