/** What the edge needs from the rest of the program. It is wired in `app.ts`. */
import type { KeyAdmin } from '../admission/key-admin.ts'
import type { KeyRingView } from '../admission/keys.ts'
import type { OverloadView } from '../admission/overload.ts'
import type { BufferPool } from '../buffer/lease.ts'
import type { Connection } from '../gateway/connection.ts'
import type { Resumption } from '../gateway/resume.ts'
import type { AlertsView } from '../observe/alerts/view.ts'
import type { DashboardFrame } from '../observe/dashboard/frame.ts'
import type { Call } from '../provider/call.ts'
import type { Protocols } from '../provider/protocols.ts'
import type { Ledger } from '../store/ledger.ts'
import type { StoreView } from '../store/store.ts'
import type { Observation } from './performance-answer.ts'

/** Answers one proxied request. `connection` is the socket it came on. */
export type Gateway = (request: Request, call: Call, connection: Connection) => Promise<Response>

/** Answers `GET /v1/models` and `GET /v1/models/{model}`. Both may throw `GatewayError`. */
export interface ModelCatalogue {
  list(request: Request): Response | Promise<Response>
  /** `id` is decoded and may hold slashes. */
  get(id: string, request: Request): Response | Promise<Response>
  /** `GET /v1beta/models`: the same list in Gemini's shape, and errors in it. */
  listGemini(request: Request): Response | Promise<Response>
  getGemini(id: string, request: Request): Response | Promise<Response>
}

/** One breaker, as an operator sees it. */
export interface BreakerView {
  readonly target: string
  readonly state: 'closed' | 'open' | 'half-open'
  readonly override: 'auto' | 'open' | 'closed'
  readonly consecutiveFailures: number
  readonly openForMs: number
  readonly share: number
}

/** The circuit breakers of the worker, and of the others where one is set by hand. */
export interface BreakerControl {
  list(): readonly BreakerView[]
  set(target: string, override: BreakerView['override']): void
}

/** What limits are counted in, as an operator sees it. */
export interface LimitsView {
  readonly store: StoreView
  /** Places of streams that this worker holds and renews. */
  readonly places: number
  readonly keys: KeyRingView
}

/** Alert rules, and what came of them, over all workers. */
export interface AlertControl {
  view(): Promise<AlertsView>
  /** @throws GatewayError `unknown_url` where there is no such rule. */
  silence(rule: string, seconds: number): Promise<AlertsView>
}

/** What may have so many requests at once, as an operator sees it. */
export interface GateView {
  /** A provider, or `provider/model` for a target of a route. */
  readonly name: string
  /** Requests that it has now. */
  readonly inside: number
  readonly waiting: number
  /** Null where there is none now. */
  readonly limit: number | null
}

/** Whether the worker wants new requests. */
export interface ServerStatus {
  readonly ready: boolean
  readonly draining: boolean
  /** `strained` shortens what is kept idle; while `shedding`, new requests are refused. */
  readonly load: 'normal' | 'strained' | 'shedding'
  /** Which configuration it obeys: how many there were, and the beginning of the file's hash. */
  readonly configuration: string
}

/** What `GET /metrics` answers. */
export interface MetricsText {
  readonly text: string
  readonly contentType: string
}

/** Everything the router needs; the listening itself is described by `ServerOptions`. */
export interface RouterOptions {
  /** Guards the operations that tell how the worker is doing; null leaves them open. */
  readonly adminToken: string | null
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null
  /** Origins that browsers may call from; `*` is any. */
  readonly corsOrigins: readonly string[]
  readonly gateway: Gateway
  readonly models: ModelCatalogue
  /** The way back to streams that clients lost. */
  readonly resumption: Resumption
  readonly pool: BufferPool
  readonly breakers: BreakerControl
  /** Managed keys; its routes answer only where there is an `adminToken`. */
  readonly keys: KeyAdmin
  /** What was used; null where that is not kept. Its route needs an `adminToken` too. */
  readonly ledger: Ledger | null
  readonly overload: () => OverloadView
  readonly limits: () => LimitsView
  readonly gates: () => readonly GateView[]
  /** What the dashboard is told, with the points of the charts behind `since`, in wall time. */
  readonly frame: (since: number) => Promise<DashboardFrame>
  readonly alerts: AlertControl
  /** The text of the metrics, in the format that `accept` prefers; null where they are off. */
  readonly metrics: ((accept: string | null) => Promise<MetricsText>) | null
  /** How requests did lately, and those that are under way, in all workers. */
  readonly observation: Observation
  readonly protocols: Protocols
  readonly status: () => ServerStatus
  /** Which worker of how many this is; 0 of 0 where there is only one process. */
  readonly worker: { readonly id: number; readonly total: number }
  /** The program's version, as the documentation shows it. */
  readonly version: string
  /** Told once of every failure that is ours. Must not throw. */
  readonly onError: (error: unknown, requestId: string) => void
  /** Told of each wrong token of the dashboard, and where it came from. Must not throw. */
  readonly onWrongToken: (address: string) => void
}

/** Everything `startServer` needs. */
export interface ServerOptions extends RouterOptions {
  readonly hostname: string
  /** 0 takes any free port. */
  readonly port: number
  /** Whether several processes may listen on the port. */
  readonly reusePort: boolean
  /** The largest request body, by its announced length; the intake counts what really arrives. */
  readonly requestBytesMax: number
}
