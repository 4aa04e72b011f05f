/** Requests that no provider takes as they are, for the tests of the dialects of providers. */
import { expect, test } from 'bun:test'
import type { Losses } from '../../src/protocol/hub/losses.ts'
import type { HubRequest } from '../../src/protocol/hub/request.ts'
import { refusedParam, says, weather } from './hub-request.ts'

/** The parameter of the client at fault, where the list of losses is more exact. */
const paramOf: ReadonlyMap<string, string> = new Map([
  ['tools.native', 'tools'],
  ['content.native', 'messages'],
])

/** That `run` is a 400 which names the parameter, and that `what` is on the list of losses. */
function expectRefusal(losses: Losses, what: string, run: () => unknown): void {
  expect(refusedParam(run)).toBe(paramOf.get(what) ?? what)
  const isListed = losses.request.some((loss) => loss.what === what && loss.how === 'refused')
  // What nobody has listed is refused as well, and this is the one such field of the tests.
  expect(isListed || what === 'web_search_options').toBe(true)
}

/** A loss by its name, and a request that cannot be written for it. */
export type Refused = readonly [what: string, rest: Partial<HubRequest>]

/** Settings that a provider with one answer and no biases must refuse, as the losses name them. */
const everywhereRefused: readonly Refused[] = [
  ['n', { choices: 2 }],
  ['logit_bias', { logitBias: { '50256': -100 } }],
  ['parallel_tool_calls', { parallelToolCalls: false, tools: [weather] }],
  [
    'tools.native',
    { tools: [{ type: 'native', native: { dialect: 'openai-responses', value: {} } }] },
  ],
  [
    'content.native',
    {
      messages: [
        says('user', { type: 'native', native: { dialect: 'anthropic-messages', value: {} } }),
      ],
    },
  ],
  ['web_search_options', { extra: { dialect: 'openai-chat', fields: { web_search_options: {} } } }],
]

/** Fields that change nothing about the answer and may be dropped everywhere. */
const everywhereDropped: Partial<HubRequest> = {
  choices: 1,
  logitBias: {},
  parallelToolCalls: true,
  store: true,
  verbosity: 'low',
  includeUsage: true,
  extra: {
    dialect: 'openai-chat',
    fields: { prompt_cache_key: 'k', safety_identifier: 's', prediction: { type: 'content' } },
  },
}

/** Writes the request that says this. */
type Write = (rest: Partial<HubRequest>) => unknown

/** Tests that a request with any of these is a 400: those of the dialect, and those of all. */
export function testRefusals(losses: Losses, own: readonly Refused[], write: Write): void {
  test.each([...everywhereRefused, ...own])('%s is refused, and on the list', (what, rest) => {
    expectRefusal(losses, what, () => write(rest))
  })
}

/** Tests that `own`, and what changes nothing anywhere, leaves no trace in what is written. */
export function testDrops(own: Partial<HubRequest>, write: Write): void {
  test('is dropped where the answer means the same', () => {
    expect(write({ ...everywhereDropped, ...own })).toEqual(write({}))
  })
}
