/** An OpenTelemetry collector as far as a test needs one: it receives, and says what is wrong. */
import {
  attributesOf,
  metricExport,
  type ReceivedMetric,
  type ReceivedSpan,
  traceExport,
} from './otlp-shapes.ts'
import { Changes } from './signal.ts'

/** How long a test waits for what it expects. */
const withinMs = 5000

/** What a script may answer in place of a success; null is one. */
export type CollectorScript = (path: string) => Response | Promise<Response> | null

/** A running collector. */
export class Collector {
  /** Every span, in the order of arrival. */
  readonly spans: ReceivedSpan[] = []
  /** What each export of metrics held, the newest last. */
  readonly metrics: (readonly ReceivedMetric[])[] = []
  /** Of each export, who says it, the newest last. */
  readonly resources: Record<string, unknown>[] = []
  readonly headers: Headers[] = []
  /** The bodies as they came, for a search in all of them. */
  readonly texts: string[] = []
  /** What was no OTLP. */
  readonly faults: string[] = []
  requestCount = 0
  readonly #changes = new Changes()
  readonly #server: ReturnType<typeof Bun.serve>

  constructor(script: CollectorScript) {
    this.#server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: async (request) => {
        this.requestCount += 1
        this.headers.push(request.headers)
        const { pathname } = new URL(request.url)
        const bytes = await request.bytes()
        const isZipped = request.headers.get('content-encoding') === 'gzip'
        const text = new TextDecoder().decode(isZipped ? Bun.gunzipSync(bytes) : bytes)
        const answer = await script(pathname)
        if (answer === null || answer.ok) this.#take(pathname, text)
        this.#changes.notify()
        return answer ?? Response.json({})
      },
    })
  }

  /** `http://127.0.0.1:<port>`. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`
  }

  /** The variables that have this collector sent spans soon, and no metrics. */
  get tracesEnvironment(): Record<string, string> {
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: this.url,
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_BSP_SCHEDULE_DELAY: '10',
    }
  }

  /** Resolves when `condition` holds, or throws. */
  until(condition: () => boolean, what: string): Promise<void> {
    return this.#changes.until(condition, what, withinMs)
  }

  /** The spans of the trace whose first span is there, when all of it is: it is sent as one. */
  async trace(traceId: string): Promise<readonly ReceivedSpan[]> {
    const spans = () => this.spans.filter((span) => span.traceId === traceId)
    await this.until(() => spans().some(({ kind }) => kind === 2), `the trace ${traceId}`)
    return spans()
  }

  /** Stops at once. @throws Error what was no OTLP. */
  async stop(): Promise<void> {
    await this.#server.stop(true)
    if (this.faults.length > 0) throw new Error(this.faults.join('\n'))
  }

  #take(path: string, text: string): void {
    this.texts.push(text)
    try {
      const body: unknown = JSON.parse(text)
      if (path === '/v1/traces') this.#takeTraces(body)
      else if (path === '/v1/metrics') this.#takeMetrics(body)
      else this.faults.push(`nothing is at ${path}`)
    } catch (error) {
      this.faults.push(`${path}: ${error}`)
    }
  }

  #takeTraces(body: unknown): void {
    for (const { resource, scopeSpans } of traceExport.parse(body).resourceSpans) {
      this.resources.push(attributesOf(resource.attributes))
      for (const { spans } of scopeSpans) this.spans.push(...spans)
    }
  }

  #takeMetrics(body: unknown): void {
    for (const { resource, scopeMetrics } of metricExport.parse(body).resourceMetrics) {
      this.resources.push(attributesOf(resource.attributes))
      this.metrics.push(scopeMetrics.flatMap(({ metrics }) => metrics))
    }
  }
}

/** Starts one that answers by `script`, and takes everything where that says nothing. */
export const startCollector = (script: CollectorScript = () => null): Collector =>
  new Collector(script)
