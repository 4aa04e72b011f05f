/** Errors as Google's APIs speak them: `{"error": {code, message, status, details}}`. */
import { type ErrorDetail, GatewayError } from '../../core/errors.ts'
import { isObject, type JsonObject, numberAt, objectAt, textAt } from '../../core/json.ts'
import { type Report, readReport } from '../openai/report.ts'
import {
  clientStatus,
  codeOfStatus,
  errorOfOddStatus,
  isOverload,
  refusesCredentials,
  typeOfStatus,
  waitOf,
} from '../openai/status.ts'
import type { ErrorBody } from '../protocol.ts'
import { statusOf, wordOf } from './status.ts'

/**
 * A provider's answer with an error status as our error. `body` is the parsed JSON, or null where
 * it was none. The waiting time is in the body (`RetryInfo`), not in a header. Never throws.
 */
export function readError(
  status: number,
  body: unknown,
  retryAfterMs: number | null,
): GatewayError {
  const odd = errorOfOddStatus(status)
  if (odd !== null) return odd
  const report = readReport(body)
  const details = detailsOf(body)
  const failed = status < 300 ? statusOfEvent(body, report) : status
  const waitMs = retryAfterMs ?? retryDelayMs(details)
  return asError(failed, report, details, waitOf(waitMs, failed === 503 || isOverload(failed)))
}

/** An error that came inside a stream, after the status had said 200. Never throws. */
export function readEventError(event: unknown): GatewayError {
  const report = readReport(event)
  const details = detailsOf(event)
  return asError(
    statusOfEvent(event, report),
    report,
    details,
    waitOf(retryDelayMs(details), false),
  )
}

function asError(
  status: number,
  report: Report | null,
  details: readonly JsonObject[],
  wait: ErrorDetail,
): GatewayError {
  if (refusesKey(details) || refusesCredentials(status, report)) {
    const said = report?.code ?? 'no reason given'
    return new GatewayError('upstream_auth_failed', { cause: new Error(`HTTP ${status}, ${said}`) })
  }
  const message = report?.message ?? `The provider answered with status ${status} and no message.`
  return new GatewayError('upstream_error', {
    status: clientStatus(status),
    message,
    ...wordsFor(status, report, details),
    ...wait,
  })
}

/**
 * Type and code in OpenAI's words, which every dialect can tell from a status; Google's own word
 * stays where it says more than the status does (`FAILED_PRECONDITION`).
 */
function wordsFor(
  status: number,
  report: Report | null,
  details: readonly JsonObject[],
): ErrorDetail {
  const seen = clientStatus(status)
  const said = report?.code ?? null
  const ownWord = statusOf(said) !== null && wordOf(status) !== said ? said : null
  const code = status === 429 && isSpent(details) ? 'insufficient_quota' : codeOfStatus(status)
  return { providerType: typeOfStatus(seen), providerCode: ownWord ?? code }
}

/** The status that an error names itself: its number, or its word where that is all there is. */
function statusOfEvent(body: unknown, report: Report | null): number {
  const code = numberAt(errorIn(body), 'code')
  const isStatus = code !== null && code >= 400 && code <= 599
  return (isStatus ? code : report?.status) ?? statusOf(report?.code ?? null) ?? 502
}

/** The object that describes the failure; Google wraps it in a list without `alt=sse`. */
function errorIn(body: unknown): JsonObject {
  const outer: unknown = Array.isArray(body) ? body.find(isObject) : body
  return isObject(outer) ? (objectAt(outer, 'error') ?? outer) : {}
}

function detailsOf(body: unknown): readonly JsonObject[] {
  const { details } = errorIn(body)
  return Array.isArray(details) ? details.filter(isObject) : []
}

/** An invalid key is a 400 here, and only this reason tells it from a bad request. */
function refusesKey(details: readonly JsonObject[]): boolean {
  return details.some((detail) => /^API_KEY_/.test(textAt(detail, 'reason') ?? ''))
}

/** `RetryInfo.retryDelay`, a protobuf duration such as `48s` or `0.25s`. */
function retryDelayMs(details: readonly JsonObject[]): number | null {
  for (const detail of details) {
    const seconds = /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(textAt(detail, 'retryDelay') ?? '')?.[1]
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1000)
  }
  return null
}

/** A quota of the day, or one that is zero, does not come back by waiting a little. */
function isSpent(details: readonly JsonObject[]): boolean {
  return details.some((detail) => {
    const violations = detail.violations
    return (
      Array.isArray(violations) &&
      violations.some(
        (violation) =>
          isObject(violation) &&
          (/PerDay/.test(textAt(violation, 'quotaId') ?? '') || violation.quotaValue === '0'),
      )
    )
  })
}

/** Whether an object is an error rather than a chunk of an answer. */
export function isErrorEvent(event: JsonObject): boolean {
  return Boolean(event.error)
}

/** `error` as the object that Google's clients read; the SDKs raise on a `code` from 400 to 599. */
export function errorObject(error: GatewayError, requestId: string): JsonObject {
  const { status } = error
  const { providerCode, retryAfterMs } = error.detail
  const own = statusOf(providerCode ?? null) === null ? null : (providerCode ?? null)
  const details: JsonObject[] = [
    { '@type': `${rpcTypes}ErrorInfo`, reason: error.code.toUpperCase(), domain: 'sluice' },
    { '@type': `${rpcTypes}RequestInfo`, requestId },
  ]
  if (retryAfterMs !== undefined) {
    const retryDelay = `${Math.ceil(retryAfterMs / 1000)}s`
    details.push({ '@type': `${rpcTypes}RetryInfo`, retryDelay })
  }
  return { code: status, message: error.message, status: own ?? wordOf(status), details }
}

const rpcTypes = 'type.googleapis.com/google.rpc.'

/** `error` as the body of an HTTP answer. */
export function writeError(error: GatewayError, requestId: string): ErrorBody {
  return { status: error.status, body: { error: errorObject(error, requestId) } }
}

/** `error` as one event inside a stream; the name of the event is Google's, which is none. */
export function dataErrorEvent(error: GatewayError, requestId: string): string {
  return `data: ${JSON.stringify({ error: errorObject(error, requestId) })}\r\n\r\n`
}
