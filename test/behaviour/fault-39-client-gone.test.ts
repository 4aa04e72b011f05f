/**
 * The client goes, in each phase of a request: what was done for it ends within 100 ms, and nothing
 * is left (fault matrix, row 39).
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { jsonRequest, type RawClient } from '../kit/client.ts'
import { startBlackHole } from '../kit/dead-ends.ts'
import { eventually } from '../kit/signal.ts'
import { chatRequest, endStands, startStand } from './client-stand.ts'
import { expectLetGo, expectNobodyAsked, phases, singleMsMax, waits } from './leaving-stand.ts'

afterEach(endStands)

const ways: Readonly<Record<string, (client: RawClient) => void>> = {
  FIN: (client) => client.close(),
  RST: (client) => client.reset(),
}

describe.each(Object.entries(phases))('a client that goes %s', (_name, phase) => {
  test.each(Object.entries(ways))('by %s', (_way, leave) => expectLetGo(phase, leave))
})

describe('a client that goes while its JSON body is read', () => {
  test.each(Object.entries(ways))('by %s', (_way, leave) => expectNobodyAsked(leave))
})

describe('a client that goes while the provider does not take the connection', () => {
  test.each(Object.entries(ways))('by %s', async (_way, leave) => {
    const hole = await startBlackHole()
    try {
      const address = `http://127.0.0.1:${hole.port}/v1`
      const stand = await startStand(waits, { OPENAI_BASE_URL: address })
      const { client } = await stand.ask(jsonRequest('/v1/chat/completions', chatRequest))
      await eventually(() => stand.app.leftovers().requests === 1, 'the request')
      const leftAtMs = performance.now()
      leave(client)
      const { endReason, endedAtMs } = await stand.record(0)
      expect(endReason).toBe('client_gone')
      expect(endedAtMs - leftAtMs).toBeLessThan(singleMsMax)
    } finally {
      await hole.stop()
    }
  })
})
