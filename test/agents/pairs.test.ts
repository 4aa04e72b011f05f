/**
 * Agents at work: a loop of tools through the program, with the official SDK of the client's
 * dialect on one side and a scripted provider on the other, which refuses what it does not know.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Agent } from './clients/client.ts'
import { expectAnswered, expectArrived } from './expected.ts'
import { bedrockInvoke } from './providers/bedrock-invoke.ts'
import { openaiResponses } from './providers/openai-responses.ts'
import type { ScriptedProvider, Step } from './providers/provider.ts'
import { Stand } from './stand.ts'
import { agents, providers, reasonAgainst } from './table.ts'

/** OpenAI, where the operator prefers Responses for clients of other dialects. */
const preferring = {
  ...openaiResponses,
  environment: (url: string) => ({
    ...openaiResponses.environment(url),
    OPENAI_DIALECT: 'responses',
  }),
}

let stand: Stand
let preferringStand: Stand
beforeAll(async () => {
  stand = await Stand.start(providers)
  preferringStand = await Stand.start([preferring, bedrockInvoke])
})
afterAll(async () => {
  await stand.stop()
  await preferringStand.stop()
})

const steps: readonly Step[] = ['calls', 'answer', 'last']

async function converse(agent: Agent, provider: ScriptedProvider, on: Stand): Promise<void> {
  const parties = { agent, provider, caller: provider }
  const conversation = agent.begin(on.app.url)
  for (const step of steps) {
    if (step === 'answer') conversation.answerTools()
    if (step === 'last') conversation.followUp()
    const ask = () => conversation.ask(`${provider.name}/${provider.model}`)
    const { result, accepted } = await on.expecting({ provider, step }, ask)
    expectArrived(accepted.seen, accepted.text, step, parties)
    expectAnswered(result, step, parties)
  }
}

describe.each(agents.map((agent) => [agent.dialect, agent] as const))('%s', (_, agent) => {
  for (const provider of providers) {
    const { name, dialect } = provider
    const title = `meets ${dialect} at ${name}`
    const reason = reasonAgainst(agent, provider)
    if (reason !== null) {
      test.skip(`${title}: ${reason}`, () => {})
      continue
    }
    test(title, () => converse(agent, provider, stand))
  }
})

test.each(
  agents
    .filter(({ dialect }) => !dialect.startsWith('openai-'))
    .map((agent) => [agent.dialect, agent] as const),
)('%s meets openai-responses where that is preferred', (_, agent) =>
  converse(agent, preferring, preferringStand),
)

test.each(agents.map((agent) => [agent.dialect, agent] as const))(
  '%s meets bedrock-invoke where that is preferred',
  (_, agent) => converse(agent, bedrockInvoke, preferringStand),
)

test('every dialect is met by somebody', () => {
  const met = providers.filter((each) => agents.some((one) => reasonAgainst(one, each) === null))
  expect(met).toEqual([...providers])
})
