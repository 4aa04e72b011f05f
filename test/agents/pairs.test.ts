/**
 * Agents at work: a loop of tools through the program, with the official SDK of the client's
 * dialect on one side and a scripted provider on the other, which refuses what it does not know.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { expectAnswered, expectArrived } from './expected.ts'
import type { Step } from './providers/provider.ts'
import { Stand } from './stand.ts'
import { agents, providers, reasonAgainst } from './table.ts'

let stand: Stand
beforeAll(async () => {
  stand = await Stand.start(providers)
})
afterAll(() => stand.stop())

const steps: readonly Step[] = ['calls', 'answer', 'last']

describe.each(agents.map((agent) => [agent.dialect, agent] as const))('%s', (_, agent) => {
  for (const provider of providers) {
    const { name, dialect, model } = provider
    const title = `meets ${dialect} at ${name}`
    const reason = reasonAgainst(agent, provider)
    if (reason !== null) {
      test.skip(`${title}: ${reason}`, () => {})
      continue
    }
    test(title, async () => {
      const parties = { agent, provider, caller: provider }
      const conversation = agent.begin(stand.app.url)
      for (const step of steps) {
        if (step === 'answer') conversation.answerTools()
        if (step === 'last') conversation.followUp()
        const ask = () => conversation.ask(`${name}/${model}`)
        const { result, accepted } = await stand.expecting({ provider, step }, ask)
        expectArrived(accepted.seen, accepted.text, step, parties)
        expectAnswered(result, step, parties)
      }
    })
  }
})

test('every dialect is met by somebody', () => {
  const met = providers.filter((each) => agents.some((one) => reasonAgainst(one, each) === null))
  expect(met).toEqual([...providers])
})
