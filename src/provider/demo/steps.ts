/** An answer as a row of steps, each with the time at which it is due. */
import type { DemoOptions } from './options.ts'
import { type Script, scriptTokens } from './script.ts'
import type { Voice } from './voice.ts'

/** Something to send at a time, or the way in which the body breaks. */
export type Step =
  | { readonly dueMs: number; readonly text: string }
  /** The connection breaks. */
  | 'reset'
  /** Nothing comes any more, and no end either. */
  | 'stall'

/**
 * When token `index` is due, in milliseconds after the start. Tokens of one chunk come together,
 * when the first of them is due. Times are absolute, so a late one delays none after it.
 */
export function tokenDueMs(options: DemoOptions, index: number): number {
  if (options.tokensPerSecond === 0) return options.firstTokenMs
  const chunkFirst = index - (index % options.tokensPerChunk)
  return options.firstTokenMs + (chunkFirst * 1000) / options.tokensPerSecond
}

/** The steps of a stream of events. */
export function* streamSteps(script: Script, voice: Voice): Generator<Step, void> {
  const { options } = script
  const { fault, wholeFault } = options
  const faultAt = Math.min(fault?.at ?? Number.POSITIVE_INFINITY, script.outputTokens)
  let dueMs = 0
  if (fault === null || fault.kind === 'invalid' || faultAt > 0) {
    yield { dueMs, text: voice.open() }
  }
  let index = 0
  for (const token of scriptTokens(script)) {
    if (fault !== null && index === faultAt) {
      if (fault.kind !== 'invalid') break
      yield { dueMs, text: invalidEvent }
    }
    dueMs = tokenDueMs(options, index)
    yield { dueMs, text: voice.token(token) }
    index++
  }
  switch (fault?.kind) {
    case 'error':
      yield { dueMs, text: voice.failure() }
      return
    case 'reset':
    case 'stall':
      yield fault.kind
      return
    case 'truncate':
      return
    default:
      yield { dueMs, text: voice.finish() + (wholeFault === 'no-end' ? '' : voice.end()) }
  }
}

/** The steps of a JSON body that breaks in its middle. */
export function* brokenSteps(json: string, options: DemoOptions): Generator<Step, void> {
  const kind = options.fault?.kind
  if (options.fault?.at !== 0) {
    yield { dueMs: 0, text: json.slice(0, Math.floor(json.length / 2)) }
  }
  if (kind === 'invalid') yield { dueMs: 0, text: '}oops' }
  if (kind === 'reset' || kind === 'stall') yield kind
}

/** An event whose data no JSON parser takes. */
const invalidEvent = 'data: {"oops\n\n'
