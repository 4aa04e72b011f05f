/**
 * The deprecated `functions`: requests that used them must be answered with `function_call`, which
 * the hub does not know. It is remembered beside the request, by the object that every copy of the
 * request shares, so that nothing of it reaches another dialect.
 */
import type { HubRequest } from '../hub/request.ts'

const callers = new WeakSet<HubRequest['extra']>()

/** Remembers that a request called its tools `functions`. */
export function rememberFunctions(request: HubRequest): HubRequest {
  callers.add(request.extra)
  return request
}

/** Whether the answer must call tools in the deprecated way. */
export function callsFunctions(request: HubRequest): boolean {
  return callers.has(request.extra)
}

/**
 * Whether tools may be called by the provider in another form than the client knows: the tools of
 * the deprecated kind, and those that take free text, which not every provider has.
 */
export function callsOtherwise(request: HubRequest): boolean {
  return callsFunctions(request) || request.tools.some(({ type }) => type === 'custom')
}
