/**
 * A conversation that one provider began and another one goes on with: whatever the first one
 * said, and however the client kept it, the second one must take it.
 */
import { afterAll, beforeAll, describe, test } from 'bun:test'
import { expectAnswered, expectArrived } from './expected.ts'
import { Stand } from './stand.ts'
import { agents, providers, reasonAgainst } from './table.ts'

let stand: Stand
beforeAll(async () => {
  stand = await Stand.start(providers)
})
afterAll(() => stand.stop())

describe.each(agents.map((agent) => [agent.dialect, agent] as const))('%s', (_, agent) => {
  const known = providers.filter((provider) => reasonAgainst(agent, provider) === null)
  for (const caller of known) {
    for (const provider of known.filter((each) => each !== caller)) {
      const title = `goes from ${caller.name} to ${provider.name}`
      test(title, async () => {
        const conversation = agent.begin(stand.app.url)
        const own = { agent, provider: caller, caller }
        const first = { provider: caller, step: 'calls' } as const
        const calls = await stand.expecting(first, () =>
          conversation.ask(`${caller.name}/${caller.model}`),
        )
        expectAnswered(calls.result, 'calls', own)
        conversation.answerTools()
        const parties = { agent, provider, caller }
        for (const step of ['answer', 'last'] as const) {
          if (step === 'last') conversation.followUp()
          const ask = () => conversation.ask(`${provider.name}/${provider.model}`)
          const { result, accepted } = await stand.expecting({ provider, step }, ask)
          expectArrived(accepted.seen, accepted.text, step, parties)
          expectAnswered(result, step, parties)
        }
      })
    }
  }
})
