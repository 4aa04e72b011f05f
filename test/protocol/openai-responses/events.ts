/** Hub events for the tests of the writer, in the words of a provider that is not OpenAI. */
import { GatewayError } from '../../../src/core/errors.ts'
import type { FinishReason, HubEvent } from '../../../src/protocol/hub/events.ts'
import { type Data, dataOf } from './stand.ts'

/** The beginning. */
export const start: Extract<HubEvent, { type: 'start' }> = {
  type: 'start',
  id: 'msg_01',
  model: 'claude',
  createdS: null,
  serviceTier: null,
  fingerprint: null,
}
/** A piece of text. */
export const text = (block: number, said: string, logprobs = null): HubEvent => ({
  type: 'text-delta',
  choice: 0,
  block,
  text: said,
  logprobs,
})
/** A piece of thinking. */
export const thought = (block: number, said: string): HubEvent => ({
  type: 'reasoning-delta',
  choice: 0,
  block,
  text: said,
  summary: false,
})
/** What proves the thinking. */
export const signed = (block: number, signature: string): HubEvent => ({
  type: 'reasoning-signature',
  choice: 0,
  block,
  kind: 'signature',
  signature,
  signedBy: 'anthropic-messages',
  id: null,
})
/** A call begins. */
export const tool = (block: number, id: string, signature: string | null = null): HubEvent => ({
  type: 'tool-start',
  choice: 0,
  block,
  id,
  name: `tool_${id}`,
  custom: false,
  signature,
})
/** A piece of its arguments. */
export const argument = (block: number, said: string): HubEvent => ({
  type: 'tool-delta',
  choice: 0,
  block,
  arguments: said,
})
/** A block is complete. */
export const blockEnd = (block: number): HubEvent => ({ type: 'block-end', choice: 0, block })
/** The answer is complete. */
export const finish = (reason: FinishReason): HubEvent => ({
  type: 'finish',
  choice: 0,
  reason,
  native: null,
  stopSequence: null,
  details: null,
})
/** What it cost. */
export const usage: Extract<HubEvent, { type: 'usage' }> = {
  type: 'usage',
  usage: {
    inputTokens: 10,
    outputTokens: 20,
    cachedInputTokens: 3,
    cacheWriteInputTokens: null,
    reasoningTokens: 4,
    native: null,
  },
}
/** The end. */
export const end: HubEvent = { type: 'end' }
/** The provider failed. */
export const failure: HubEvent = {
  type: 'error',
  error: new GatewayError('upstream_idle_timeout', { param: 'model' }),
}

/** A turn of a model that thinks, speaks, and calls two tools at once. */
export const agentTurn: readonly HubEvent[] = [
  start,
  thought(0, 'Hm'),
  thought(0, 'm.'),
  signed(0, 'c2ln'),
  blockEnd(0),
  text(1, 'Let me '),
  text(1, 'look.'),
  blockEnd(1),
  tool(2, 'call_a'),
  argument(2, '{"x":'),
  tool(3, 'call_b'),
  argument(2, '1}'),
  blockEnd(2),
  blockEnd(3),
  finish('tool-calls'),
  usage,
  end,
]

/** The types of events, without what they have in common. */
export const typesOf = (events: readonly Data[]) =>
  events.map(({ type }) => type.replace('response.', ''))
/** The response that the last event carries. */
export const lastResponse = (out: string) => dataOf(out).at(-1)?.response ?? {}
