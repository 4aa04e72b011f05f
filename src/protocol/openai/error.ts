/** Errors as the OpenAI family speaks them, read and written; all its dialects share these. */
import { type ErrorDetail, GatewayError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { ErrorBody } from '../protocol.ts'
import { type Report, readReport } from './report.ts'
import {
  clientStatus,
  codeOfStatus,
  errorOfOddStatus,
  isOverload,
  refusesCredentials,
  statusOfReport,
  typeOfStatus,
  waitOf,
} from './status.ts'

/**
 * A provider's answer with an error status as our error. `body` is the parsed JSON, or null where
 * it was none (HTML of a proxy on the way): then the sentence is ours. Never throws.
 */
export function readError(
  status: number,
  body: unknown,
  retryAfterMs: number | null,
): GatewayError {
  const odd = errorOfOddStatus(status)
  if (odd !== null) return odd
  const report = readReport(body)
  const failed = status < 300 ? statusOfReport(report) : status
  if (refusesCredentials(failed, report)) return authFailed(failed, report)
  return new GatewayError('upstream_error', {
    status: clientStatus(failed),
    message: report?.message ?? `The provider answered with status ${failed} and no message.`,
    ...wordsOf(report, failed),
    ...waitOf(retryAfterMs, isOverload(failed)),
  })
}

/** An error that came inside a stream, after the status had said 200. Never throws. */
export function readEventError(event: unknown): GatewayError {
  const report = readReport(event)
  const status = statusOfReport(report)
  if (refusesCredentials(status, report)) return authFailed(status, report)
  return new GatewayError('upstream_error', {
    status: clientStatus(status),
    ...(report !== null && report.message !== null && { message: report.message }),
    ...wordsOf(report, status),
  })
}

/**
 * The error that hides in a JSON answer with status 200, or null. An answer that also holds what
 * was asked for is an answer.
 */
export function readHiddenError(body: JsonObject): GatewayError | null {
  if (Array.isArray(body.choices) || Array.isArray(body.output)) return null
  return isErrorEvent(body) ? readEventError(body) : null
}

/** Whether an object is an error: a truthy `error`, as for SDKs, or vLLM's older flat form. */
export function isErrorEvent(event: JsonObject): boolean {
  return Boolean(event.error) || event.object === 'error'
}

/** Nothing of what the provider said: it may quote the key, and the client's key is another one. */
function authFailed(status: number, report: Report | null): GatewayError {
  const said = report?.code ?? report?.type ?? 'no reason given'
  return new GatewayError('upstream_auth_failed', { cause: new Error(`HTTP ${status}, ${said}`) })
}

/** The type, code and parameter that the provider named, or what OpenAI would have. */
function wordsOf(report: Report | null, status: number): ErrorDetail {
  if (report === null) return {}
  return {
    providerType: report.type ?? typeOfStatus(clientStatus(status)),
    providerCode: report.code ?? codeOfStatus(status),
    ...(report.param !== null && { param: report.param }),
  }
}

/** OpenAI's `error` object. */
export interface ErrorObject extends JsonObject {
  readonly message: string
  readonly type: string
  readonly param: string | null
  readonly code: string | null
}

/** `error` as the object that OpenAI's clients read. */
export function errorObject(error: GatewayError): ErrorObject {
  const { param, providerType, providerCode } = error.detail
  return {
    message: error.message,
    type: providerType ?? error.row.type,
    param: param ?? null,
    // A provider's null is an answer too: it has no code for this.
    code: providerCode === undefined ? error.code : providerCode,
  }
}

/** `error` as the body of an HTTP answer. */
export function writeError(error: GatewayError): ErrorBody {
  return { status: error.status, body: { error: errorObject(error) } }
}

/** `error` as one event inside a stream of chunks; SDKs raise on a truthy `error`. */
export function dataErrorEvent(error: GatewayError): string {
  return `data: ${JSON.stringify({ error: errorObject(error) })}\n\n`
}

/** A comment with a single line feed: a blank line would make openai-python dispatch an event. */
export const heartbeat = ': ping\n'
