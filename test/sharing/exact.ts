/** What has to hold wherever limits are shared: as many as the limit says, and not one more. */
import { expect } from 'bun:test'
import type { RawClient } from '../kit/client.ts'
import type { Program } from '../kit/program.ts'
import type { RawResponse } from '../kit/response.ts'
import { eventually } from '../kit/signal.ts'
import { Burst } from './burst.ts'
import { chat, connect, type KeysByName, outcomeOf, type Provider, secretOf } from './fleet.ts'

const REQUESTS = 10_000
const STREAMS = 20
/** Of the key whose holders are killed. */
export const PLACES = 12

/** How long a killed process may hold a place, and what it may take until somebody notices. */
const LAPSE_MS = 15_000
const NOTICE_MS = 1500

/** So few that none becomes free within any burst that ends in ten seconds. */
const FEW = 5
/** So many that workers which draw ahead have some of it left in the end, all of them. */
const MANY = 2000

/** The keys that are used here. */
export const exactKeys: KeysByName = {
  few: { limits: { requestsPerMinute: FEW } },
  many: { limits: { requestsPerMinute: MANY } },
  streams: { limits: { concurrentStreams: STREAMS } },
  // The estimate of a request is 14 dollars.
  unit: { budget: { daily: 20 } },
  places: { limits: { concurrentStreams: PLACES } },
}

/** A burst on two rates at once. */
export async function expectExactRates(clients: readonly RawClient[]): Promise<void> {
  const [few, many] = [new Burst(REQUESTS / 2), new Burst(REQUESTS / 2)]
  const half = clients.length / 2
  await Promise.all([
    few.send(clients.slice(0, half), secretOf('few'), 'quick'),
    many.send(clients.slice(half), secretOf('many'), 'quick'),
  ])
  few.expectRate(FEW)
  many.expectRate(MANY)
}

/** A burst on places, all of which stay taken until it is over; then once more, shorter. */
export async function expectExactPlaces(
  clients: readonly RawClient[],
  { held }: Provider,
): Promise<void> {
  for (const requests of [REQUESTS, 500]) {
    held.close()
    const burst = new Burst(requests)
    const sent = burst.send(clients, secretOf('streams'), 'held')
    await burst.untilOpen(STREAMS)
    expect(held.held).toBe(STREAMS)
    held.release()
    await sent
    expect(Object.fromEntries(burst.outcomes)).toEqual({
      '200': STREAMS,
      '429 too_many_streams': requests - STREAMS,
    })
  }
}

/** A hundred requests at once for what is enough for one; it is not settled before all came. */
export async function expectOneOfBudget(
  clients: readonly RawClient[],
  { held }: Provider,
): Promise<void> {
  expect(clients.length).toBe(100)
  held.close()
  const answers = clients.map((client) => chat(client, secretOf('unit'), 'held'))
  const refused = (): number => answers.filter(({ ending }) => ending !== null).length
  await eventually(() => refused() + held.held === 100, 'all are decided', 20_000)
  expect(held.held).toBe(1)
  held.release()
  const seen = await Promise.all(answers.map(outcomeOf))
  expect(seen.toSorted()).toEqual(['200', ...Array<string>(99).fill('429 budget_exceeded')])
}

/** Takes all places, and gives the answers that are still to come. */
export async function holdPlaces(
  clients: readonly RawClient[],
  { kept }: Provider,
): Promise<readonly RawResponse[]> {
  kept.close()
  const held = clients.map((client) => chat(client, secretOf('places'), 'kept'))
  await kept.untilHeld(PLACES)
  return held
}

/**
 * That the places of what was killed at `killedAtMs` become free in time, all of them and no
 * others; `held` are those that were taken before, and `machines` are those that live.
 */
export async function expectPlacesBack(
  held: readonly RawResponse[],
  machines: readonly Program[],
  { kept }: Provider,
  killedAtMs: number,
): Promise<void> {
  const broken = (): number => held.filter(({ ending }) => ending !== null).length
  const isSeen = (): boolean => broken() > 0 && kept.held + broken() === PLACES
  await eventually(isSeen, 'what was killed is gone')
  const lost = broken()
  const leftMs = killedAtMs + LAPSE_MS + NOTICE_MS - performance.now()
  const again = (await connect(machines, lost)).map((client) => untilAdmitted(client))
  await kept.untilHeld(PLACES, Math.max(NOTICE_MS, leftMs))
  for (const client of await connect(machines, machines.length)) {
    expect(await outcomeOf(chat(client, secretOf('places'), 'kept'))).toBe('429 too_many_streams')
  }
  expect(broken()).toBe(lost)
  kept.release()
  expect(await Promise.all(again)).toEqual(Array(lost).fill('200'))
}

/** Asks for a place ten times a second until it is had, and gives what became of it. */
async function untilAdmitted(client: RawClient): Promise<string> {
  while (true) {
    const outcome = await outcomeOf(chat(client, secretOf('places'), 'kept'))
    if (outcome !== '429 too_many_streams') return outcome
    await Bun.sleep(100)
  }
}
